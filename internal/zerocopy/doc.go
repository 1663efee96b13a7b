// Package zerocopy is what Copy does: io.Copy without allocations, by the kernel's short
// cuts where there are any.
//
// A call looks at both ends once, finds a way in the table of copy.go, and goes it. What
// comes in are a Writer and a Reader of the caller's, what goes out are the bytes and
// io.Copy's result.
//
// Invariants:
//
//   - The result is io.Copy's: count, error, the position of files and readers (TestCopy,
//     FuzzCopy). Package s3pool's Copy names the two exceptions.
//   - A scratch block is held for the length of the call, and by nobody else.
//   - A Read has the room that io.Copy gives it (TestCopyDatagrams), and no capacity behind
//     its slice (TestCopyShowsNothingBehindASlice).
//   - A type that declares Read or Write is copied through these and not through what it
//     embeds (TestCopyReadsThroughOwnRead, TestCopyWritesThroughOwnWrite).
//   - A short cut is tried only where the kernel accepts it; where it refuses, the copy
//     goes on through a block.
//
// Files: copy.go (the table), ends.go (what the ends are), sendfile_linux.go (file to
// connection), copyrange_linux.go (file to file), splice_linux.go (connection to file),
// http.go (responses), bufio.go (what is behind a bufio.Reader or Writer), other.go (other
// systems).
package zerocopy
