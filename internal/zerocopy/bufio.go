package zerocopy

import (
	"bufio"
	"io"

	"github.com/s3pool/s3pool/internal/xio"
)

// through copies as bufio.Writer.ReadFrom does: it fills the buffer if there is
// something in it, so that a header and a short body leave in one piece, and then
// goes past it.
func (z copier) through(bw *bufio.Writer, src io.Reader) (n int64, err error) {
	w := xio.WriterBehind(bw)
	if _, ok := w.(io.ReaderFrom); !ok {
		return z.take(ways[sourceOf(src)][toPlain], bw, src)
	}
	if bw.Buffered() > 0 {
		var more bool
		n, more, err = z.pumpMax(bw, src, pumpSize, int64(bw.Available()))
		if err != nil || !more {
			return n, err
		}
	}
	if err := bw.Flush(); err != nil {
		return n, err
	}
	m, err := z.route(w, src)
	if err != nil {
		xio.Fail(bw, err)
	}
	return n + m, err
}

// drain copies as bufio.Reader.WriteTo does: what is buffered, then what is behind.
func (z copier) drain(dst io.Writer, br *bufio.Reader) (n int64, err error) {
	r := xio.ReaderBehind(br)
	if r == nil {
		return z.pump(dst, br)
	}
	if b, _ := br.Peek(br.Buffered()); len(b) > 0 {
		m, err := xio.Write(dst, b)
		br.Discard(m)
		n = int64(m)
		if err != nil {
			return n, err
		}
	}
	m, err := z.copy(dst, r)
	return n + m, err
}
