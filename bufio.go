package s3pool

import (
	"bufio"
	"io"
)

// GetBufioReader returns a bufio.Reader on r with a buffer of at least size bytes,
// rounded up to a power of two. Zero means 4096; above 1 MiB it is not pooled.
// The caller returns it with [Pool.PutBufioReader] when done.
func (p *Pool) GetBufioReader(r io.Reader, size int) *bufio.Reader {
	return p.mem("GetBufioReader").GetBufioReader(r, size)
}

// PutBufioReader takes back a reader that the caller is done with, with whatever it
// has buffered. nil is ignored.
//
// The caller must not use the reader again: it returns an error from then on, and putting
// it twice has no effect, so that neither reaches the next user's bytes. Debug builds
// (the race detector, or the tag s3pooldebug) panic at both, and at a reader that is not
// from this pool.
func (p *Pool) PutBufioReader(br *bufio.Reader) { p.mem("PutBufioReader").PutBufioReader(br) }

// GetBufioWriter returns a bufio.Writer on w with a buffer of at least size bytes,
// rounded up to a power of two. Zero means 4096; above 1 MiB it is not pooled.
// The caller flushes it and returns it with [Pool.PutBufioWriter].
func (p *Pool) GetBufioWriter(w io.Writer, size int) *bufio.Writer {
	return p.mem("GetBufioWriter").GetBufioWriter(w, size)
}

// PutBufioWriter takes back a writer that the caller has flushed, or that failed. nil
// is ignored.
//
// The caller must not use the writer again: it returns an error from then on, and putting
// it twice has no effect, so that neither reaches the next user's bytes. Debug builds
// (the race detector, or the tag s3pooldebug) panic at both, and at a writer that is not
// from this pool.
//
// A writer with bytes that were neither flushed nor refused by an error is the
// caller's bug too: debug builds panic, others drop the writer.
func (p *Pool) PutBufioWriter(bw *bufio.Writer) { p.mem("PutBufioWriter").PutBufioWriter(bw) }
