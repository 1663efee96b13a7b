package zerocopy

import (
	"bufio"
	"io"

	"github.com/s3pool/s3pool/internal/xio"
)

// through copies as bufio.Writer.ReadFrom does. Where the writer behind is no ReaderFrom
// it is that very method: the buffer is filled whatever pieces src comes in, and no other
// size is written.
//
// If it is one, the buffer is filled if there is something in it, so that a header and a
// short body leave in one piece, and then the bytes go past it.
func (z copier) through(bw *bufio.Writer, src io.Reader) (n int64, err error) {
	w := xio.WriterBehind(bw)
	if _, ok := w.(io.ReaderFrom); !ok {
		return bw.ReadFrom(src)
	} else if sinkOf(w) == toOwn {
		return z.pump(bw, src)
	}
	if _, err := bw.Write(nil); err != nil {
		return 0, err // it has failed already, and src must lose nothing
	}
	if bw.Buffered() > 0 {
		var more bool
		n, more, err = fill(bw, src)
		if err != nil || !more {
			return n, err
		}
	}
	m, err := z.route(w, src)
	if err != nil {
		xio.Fail(bw, err)
	}
	return n + m, err
}

// fill reads into the room that bw has, and flushes bw if that filled it. It reports
// whether src may have more.
func fill(bw *bufio.Writer, src io.Reader) (n int64, more bool, err error) {
	for empty := 0; bw.Available() > 0 && err == nil; {
		var m int
		room := bw.AvailableBuffer()[:bw.Available()]
		m, err = src.Read(room)
		if m > 0 {
			bw.Write(room[:m]) // where it lies already
			n += int64(m)
			empty = 0
		} else if empty++; empty == xio.MaxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
	}
	if err != nil && err != io.EOF {
		return n, false, err
	}
	more = err == nil
	if bw.Available() == 0 {
		return n, more, bw.Flush()
	}
	return n, more, nil
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
