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
// and gets a *manager.Downloader that no longer grows its buffers write by write. The
// same goes for [NewUploader]. Two more steps need no other package: download into a
// [WriteAtBuffer], whose memory is recycled too, and use [Copy] where a handler calls
// io.Copy.
//
// Package transfer goes beyond what the manager can do: whole objects, streams, files and
// uploads, verified, continued where they break, and within a pool's budget. Package s3http
// answers HTTP requests with objects and takes objects from requests. Package prefix keeps
// clients to the rates that S3 serves.
//
// # Memory
//
// A [Pool] lends memory by size class, four classes to a doubling, and leaves
// what is idle to the garbage collector. Whoever has acquired a [Buffer] owns it
// until its Release; after that nobody may touch the bytes. The functions of this
// package that hold a buffer for the length of a call give it back before they
// return, on every path.
//
// Package functions use [DefaultPool]. A pool's methods of the same names use that pool.
//
// [PoolOptions].MaxBytes bounds the memory on lease. [Pool.Acquire] then waits its turn
// under the caller's context. So does a download by [NewDownloader] into a WriteAtBuffer,
// for the whole object at once and before it holds any memory. A WriteAtBuffer that has to
// grow, and a [Provider] in need of a block, do not wait: the former returns [ErrBudget],
// the latter uses smaller blocks.
//
// Builds with the race detector or the tag s3pooldebug poison a buffer when it
// is released and panic, naming where it had been acquired, if it was written
// before its next lease. A second Release panics in every build. A Buffer that
// becomes unreachable before its Release is counted in [Stats], and its budget
// returns.
//
// # Errors
//
// The manager's errors and the SDK's pass through as they are. Errors of our own begin with
// "s3pool:". [ErrTooLarge] and [ErrBudget] are there to be branched on, with errors.Is. A
// bug of the caller panics: a nil client, a nil *Pool as receiver, an option out of range, a
// double release.
//
// # Cancellation
//
// Whatever waits takes a context and returns its error, wrapped. A cancelled
// Acquire gives up its place in the queue to those behind it.
//
// # Integrity
//
// The manager asks for ranges, of which S3 sends no checksum: its downloads are not
// verified, with our buffers or without. Its uploads carry the checksums that the client is
// configured for. Package transfer verifies.
//
// # Files
//
// download.go and upload.go wrap the manager, provider.go is what it reads and writes
// through, and peek.go looks behind the manager's types. pool.go, buffer.go, bufio.go and
// stats.go are the public face of internal/mem, copy.go that of internal/zerocopy.
//
// # Compatibility
//
// Everything runs wherever Go does; sendfile, splice and copy_file_range are
// used on Linux. NewDownloader works with any client that the manager accepts,
// mocks included, and with any io.WriterAt. It is at its best with *os.File,
// *manager.WriteAtBuffer and *WriteAtBuffer as they are: a wrapper around one of
// them hides what it is.
package s3pool
