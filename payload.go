package s3pool

import (
	"context"
	"io"
)

// A payload is the bytes of one request: memory, or a section of the caller's body.
type payload struct {
	mem  []byte
	at   io.ReaderAt // if mem is nil
	base int64
	n    int64
}

func memory(p []byte) payload { return payload{mem: p, n: int64(len(p))} }

// window returns a body of a request.
func (p payload) window(pool *Pool) *window {
	return &window{pool: pool, mem: p.mem, at: p.at, base: p.base, n: p.n}
}

// writeTo passes the bytes on to w, which must not keep them and never fails. The
// error is the body's own, or that of ctx.
func (p payload) writeTo(ctx context.Context, w io.Writer, pool *Pool) error {
	if p.at == nil {
		w.Write(p.mem)
		return nil
	}
	block := pool.borrow()
	defer pool.giveBack(block)
	for off := int64(0); off < p.n; {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := block.mem[:min(int64(len(block.mem)), p.n-off)]
		n, err := p.at.ReadAt(piece, p.base+off)
		if n < len(piece) {
			if err == nil || err == io.EOF {
				err = errShrunk
			}
			return err
		}
		w.Write(piece)
		off += int64(n)
	}
	return nil
}
