// Package s3pool moves objects in and out of S3 with the buffers of a pool.
//
// The change is one line. Where a service says
//
//	downloader := manager.NewDownloader(client)
//
// it says
//
//	downloader := s3pool.NewDownloader(client)
//
// and gets a *manager.Downloader that no longer grows its buffers write by
// write. The same goes for [NewUploader]. Two more steps are there for the
// taking: download into a [WriteAtBuffer], whose memory is recycled too, and use
// [Copy] where a handler calls io.Copy.
//
// Beyond what the manager can do goes the [Client]: [Client.Get] into pooled memory,
// [Client.Open] as a stream, [Client.Download] into a file, each verified against the
// object's checksum, continued where it breaks, and within the pool's budget; and
// [Client.Put] for bodies of any kind, of unknown length too, sealed with a checksum.
// [Client.Serve] and [Client.Receive] are both directions of an HTTP handler.
//
//	c := s3pool.New(client)
//	object, err := c.Get(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
//	if err != nil {
//		return err
//	}
//	defer object.Release()
//	use(object.Bytes())
//
// # Memory
//
// A [Pool] lends memory by size class, four classes to a doubling, and leaves
// what is idle to the garbage collector. Whoever has acquired a [Buffer] owns it
// until its Release; after that nobody may touch the bytes. The functions of this
// package that hold a buffer for the length of a call give it back before they
// return, on every path.
//
// [PoolOptions].MaxBytes bounds the memory on lease. [Pool.Acquire] then waits
// its turn under the caller's context. So does a download by [NewDownloader] into
// a WriteAtBuffer, for the whole object at once and before it holds anything:
// downloads never wait for each other in a circle. So does Client.Get, likewise once,
// and Client.Download, whose requests hold a block of 1 MiB each and finish with one.
// A [Reader] uses what the budget has for reading ahead, half of it at most, and goes on
// without. A
// WriteAtBuffer that has to grow, and a [Provider] in need of a block, ask once;
// the former then returns [ErrBudget], the latter uses smaller blocks.
//
// Builds with the race detector or the tag s3pooldebug poison a buffer when it
// is released and panic, naming where it had been acquired, if it was written
// before its next lease. A second Release panics in every build. A Buffer that
// becomes unreachable before its Release is counted in [Stats], and its budget
// returns.
//
// # Errors
//
// The manager's errors and the SDK's pass through as they are. Errors of our own
// begin with "s3pool:". [ErrTooLarge], [ErrBudget], [ErrChanged] and [ErrIntegrity]
// are there to be branched on, with errors.Is. The Client wraps everything in an
// [*Error], which names the object and the part. What is a bug of the caller panics: a nil client, a nil
// *Pool as receiver, an option out of range, a double release.
//
// # Cancellation
//
// Whatever waits takes a context and returns its error, wrapped. A cancelled
// Acquire gives up its place in the queue to those behind it.
//
// # Integrity
//
// The manager asks for ranges, of which S3 sends no checksum: its downloads are
// not verified, with our buffers or without. Its uploads carry the checksums that
// the client is configured for.
//
// The Client's downloads are verified, whatever ranges they came in: CRC64NVME (S3's
// default), CRC32C and CRC32 are put together from the ranges, SHAs are computed in
// order, composite checksums by the parts of the upload. [Verification] says what was
// checked, or why nothing could be: a range, no checksum, a client that is configured
// with ResponseChecksumValidation WhenRequired. The Client's uploads carry a checksum of the
// whole object that S3 checks, CRC64NVME unless the input asks for another. Wrong bytes are an error, never a
// success; a Reader reports them in the place of io.EOF, so that what it delivered
// before must not be trusted yet. Client.Serve breaks the connection before the last of
// them.
//
// # Compatibility
//
// Everything runs wherever Go does; sendfile, splice and copy_file_range are
// used on Linux. NewDownloader works with any client that the manager accepts,
// mocks included, and with any io.WriterAt. It is at its best with *os.File,
// *manager.WriteAtBuffer and *WriteAtBuffer as they are: a wrapper around one of
// them hides what it is.
package s3pool
