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
// has buffered. The caller must not use it again. nil is ignored.
func (p *Pool) PutBufioReader(br *bufio.Reader) { p.mem("PutBufioReader").PutBufioReader(br) }

// GetBufioWriter returns a bufio.Writer on w with a buffer of at least size bytes,
// rounded up to a power of two. Zero means 4096; above 1 MiB it is not pooled.
// The caller flushes it and returns it with [Pool.PutBufioWriter].
func (p *Pool) GetBufioWriter(w io.Writer, size int) *bufio.Writer {
	return p.mem("GetBufioWriter").GetBufioWriter(w, size)
}

// PutBufioWriter takes back a writer that the caller has flushed, or that failed. The
// caller must not use it again. nil is ignored.
//
// A writer with bytes that were neither flushed nor refused by an error is the
// caller's bug: debug builds panic, others drop the writer.
func (p *Pool) PutBufioWriter(bw *bufio.Writer) { p.mem("PutBufioWriter").PutBufioWriter(bw) }
