package putbody

import (
	"context"
	"io"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/xio"
)

// A Payload is the bytes of one request: memory, or a section of the caller's body.
type Payload struct {
	Mem  []byte
	At   io.ReaderAt // if Mem is nil
	Base int64
	N    int64
}

// Memory returns the payload that is p.
func Memory(p []byte) Payload { return Payload{Mem: p, N: int64(len(p))} }

// Window returns a body of a request. broke must end the request. It is called if the
// caller's own body has ended the goroutine that reads it: whoever waits for the request does
// not hear of that otherwise.
func (p Payload) Window(pool *mem.Pool, broke func()) *Window {
	return &Window{pool: pool, Payload: p, broke: broke}
}

// readAt fills piece, or says why not. What lies behind it in memory is out of at's reach.
func readAt(at io.ReaderAt, piece []byte, off int64) (int, error) {
	n, err := at.ReadAt(piece[:len(piece):len(piece)], off)
	switch {
	case n < 0 || n > len(piece):
		return 0, xio.ErrBadCount
	case n == len(piece):
		return n, nil
	case err == nil || err == io.EOF:
		return n, errShrunk
	}
	return n, err
}

// WriteTo passes the bytes on to w, which must not keep them and never fails. The
// error is the body's own, or that of ctx.
func (p Payload) WriteTo(ctx context.Context, w io.Writer, pool *mem.Pool) error {
	if p.At == nil {
		w.Write(p.Mem)
		return nil
	}
	block := pool.Borrow()
	defer pool.GiveBack(block)
	for off := int64(0); off < p.N; {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := block.Bytes()[:min(int64(len(block.Bytes())), p.N-off)]
		n, err := readAt(p.At, piece, p.Base+off)
		if err != nil {
			return err
		}
		w.Write(piece)
		off += int64(n)
	}
	return nil
}
