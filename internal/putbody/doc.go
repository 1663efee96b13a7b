// Package putbody is the way of a caller's body into requests: what can be done with it,
// and request bodies that can be taken back.
//
// A Body says whether it can be read again (a section) or only once (a stream). A Feed
// reads a stream into memory on lease; a Payload is the bytes of one request, from memory
// or from a section; a Window is what the transport reads them through.
//
// Invariants:
//
//   - When Window.Shut has returned, nobody reads the payload any more, so its memory can
//     be released (TestOwnershipOfPut of package transfer).
//   - A stuck Read of the caller's owns the memory it fills until it returns; then the
//     Feed's goroutine releases that and ends (TestPutStuckBody there).
package putbody
