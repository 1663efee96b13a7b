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
// same goes for [NewUploader]. Download into a [WriteAtBuffer], and the object's memory is
// recycled too. Use [Copy] where a handler calls io.Copy. What the manager does not do is in
// packages transfer (verified and resumed transfers of any size), s3http (objects as HTTP
// responses and requests as objects) and prefix (S3's request rates).
//
// A [Pool] lends memory by size class and leaves what is idle to the garbage collector.
// Whoever acquires a [Buffer] owns it until its Release. Functions that hold a buffer for
// the length of a call give it back before they return, on every path. Package functions
// use [DefaultPool]; a pool's methods of the same names use that pool.
//
// [PoolOptions].MaxBytes bounds the memory on lease, together with what is idle.
// [Pool.Acquire] then waits its turn under the caller's context. So does a download into a
// WriteAtBuffer, for the whole object at once, with no connection in hand. A WriteAtBuffer
// that has to grow does not wait: [ErrBudget].
//
// A second Release panics (TestBadInput). Builds with the race detector or the tag
// s3pooldebug poison a buffer when it is released and panic if it was written before its
// next lease (TestWriteAfterReleaseIsCaught).
//
// The manager's errors and the SDK's pass through as they are. A bug of the caller panics: a
// nil client, a nil *Pool, an option out of range. The manager asks for ranges, of which S3
// sends no checksum: its downloads are not verified. Package transfer verifies.
//
// Everything runs wherever Go does; sendfile, splice and copy_file_range are used on Linux.
package s3pool
