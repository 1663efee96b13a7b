package transfer

import (
	"context"
	"fmt"
	"io"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/unwind"
)

// sendStream uploads a stream in parts. The first part, if its memory is not nil, has
// been read; it belongs to sendStream.
func (u *upload) sendStream(f *putbody.Feed, first *mem.Buffer) (*PutOutput, error) {
	defer func() {
		if first != nil {
			first.Release()
		}
	}()
	return u.inParts(func(m *multipart) error {
		next := first
		first = nil
		return m.stream(f, next)
	})
}

// stream reads part after part and hands each to a goroutine that sends it. Whoever
// waits for memory holds none: parts that are being sent give theirs back whatever
// happens here, so that one part's memory is enough to go on.
func (m *multipart) stream(f *putbody.Feed, next *mem.Buffer) error {
	ctx, cancel := context.WithCancel(m.ctx)
	defer cancel()
	g, ctx := unwind.NewGroup(ctx, max(m.set.Concurrency-1, 1)) // one more part is being read
	err := func() error {
		for off, n := int64(0), int32(1); ; n++ {
			buf, filled, last, err := m.read(ctx, f, next, n, off)
			if err != nil || buf == nil {
				return err
			}
			next = nil
			p := putbody.Memory(buf.Bytes()[:filled])
			m.seal.Write(p.Mem)
			at, number := off, n
			g.Go(func() error {
				defer buf.Release()
				return m.send(ctx, number, at, p)
			})
			off += p.N
			if last {
				return nil
			}
		}
	}()
	if err != nil && ctx.Err() == nil {
		cancel() // the parts have failed because of this, not the other way round
		g.Wait()
		return err
	}
	if werr := g.Wait(); werr != nil {
		return werr
	}
	return err
}

// read fills the memory of part n, which begins at off. There is no part if the
// Buffer is nil, and none behind it if last is true.
func (m *multipart) read(ctx context.Context, f *putbody.Feed, buf *mem.Buffer, n int32, off int64) (_ *mem.Buffer, filled int, last bool, err error) {
	if buf != nil {
		return buf, len(buf.Bytes()), false, nil // putUnknown has seen a byte behind it
	}
	known := m.body.Size >= 0
	size := part.StreamSize(int(n-1), m.leastPart(), m.set.MinPartSize)
	if known {
		size = min(m.partSize, m.total-off)
	}
	if int64(int(size)) != size {
		return nil, 0, false, m.fail(int(n), mem.ErrTooLarge)
	}
	if buf, filled, err = m.fill(ctx, f, size); buf == nil {
		return nil, 0, false, m.fail(int(n), err)
	}
	if n > part.MaxParts && filled > 0 {
		buf.Release()
		return nil, 0, false, m.fail(0, fmt.Errorf("the body is longer than %d parts; raise PartSize", part.MaxParts))
	}
	eof := err == io.EOF
	switch {
	case err != nil && !eof:
	case known && int64(filled) < size:
		err = putbody.ErrShort(off+int64(filled), m.total)
	case known && off+size == m.total:
		last = true
		if err = f.AtEnd(ctx); err == putbody.ErrMore {
			err = putbody.ErrLong(m.total)
		}
	case !known:
		last, err = eof, nil
		if eof {
			m.total = off + int64(filled)
		}
	}
	if err != nil || filled == 0 {
		buf.Release()
		return nil, 0, true, m.fail(int(n), err)
	}
	return buf, filled, last, nil
}
