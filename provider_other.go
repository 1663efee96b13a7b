package s3pool

import (
	"io"
	"os"
	"sync"
	"weak"

	"github.com/s3pool/s3pool/internal/xio"
)

// Into a destination that nobody knows: it may be a buffer or a file in disguise, or the
// front of a pipe that somebody reads from.

// intoOther moves r into the destination of c. It writes no byte of a chunk twice, as long
// as all attempts are answered with the same version of the object.
func (w *partWriter) intoOther(r io.Reader, body *sizedBody, c chunk) (int64, error) {
	broken, version := &w.provider.broken, body.version()
	before := broken.take(c.id, version)
	skipped, err := w.skip(r, before)
	if err == io.EOF {
		return skipped, nil // the body is shorter this time
	}
	var written int64
	if err == nil {
		g := gathering{most: c.most(), pos: c.off + before, growing: true, drop: true}
		switch inner := unwrap(c.dst).(type) {
		case *os.File:
			g.most, g.growing = w.provider.opts.BlockSize, false
		case *WriteAtBuffer:
			if n, want, ok := body.fits(c); ok {
				inner.tryReserve(inner.reservable(n, want))
			}
		}
		written, err = w.gathered(c.writer(c.dst, before), r, body, g)
	}
	if err != nil {
		broken.put(c.id, brokenPart{version, before + written})
	}
	return skipped + written, err
}

// unwrap returns what dst ends up in, as far as its wrappers tell.
func unwrap(dst io.WriterAt) io.WriterAt {
	for range 16 { // a wrapper may return itself
		u, ok := dst.(interface{ Unwrap() io.WriterAt })
		if !ok {
			return dst
		}
		dst = u.Unwrap()
	}
	return nil
}

// skip reads n bytes of r. It returns io.EOF if there are fewer.
func (w *partWriter) skip(r io.Reader, n int64) (skipped int64, err error) {
	if n == 0 {
		return 0, nil
	}
	block := w.provider.pool.Borrow()
	defer w.provider.pool.GiveBack(block)
	for skipped < n && err == nil {
		var read int
		read, err = xio.ReadUntil(r, block.Bytes()[:min(int64(len(block.Bytes())), n-skipped)])
		skipped += int64(read)
	}
	if skipped == n {
		err = nil
	}
	return skipped, err
}

// brokenParts remembers the parts that broke, until the manager tries them again. It often
// does not: then the manager's chunk becomes garbage, and what is remembered of it with
// the next part that breaks.
type brokenParts struct {
	mu    sync.Mutex
	parts map[weak.Pointer[byte]]brokenPart
}

type brokenPart struct {
	version version
	written int64
}

// take returns how many bytes of the chunk have been written, of that version, and forgets
// the chunk.
func (b *brokenParts) take(id *byte, v version) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.parts) == 0 {
		return 0
	}
	key := weak.Make(id)
	part := b.parts[key]
	delete(b.parts, key)
	if part.version != v {
		return 0
	}
	return part.written
}

func (b *brokenParts) put(id *byte, part brokenPart) {
	if part.written == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for key := range b.parts {
		if key.Value() == nil {
			delete(b.parts, key)
		}
	}
	if b.parts == nil {
		b.parts = map[weak.Pointer[byte]]brokenPart{}
	}
	b.parts[weak.Make(id)] = part
}
