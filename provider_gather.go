package s3pool

import (
	"io"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/xio"
)

// maxGather bounds the memory that collects a part for one WriteAt. It is the
// part size of a stock Downloader; larger parts take several writes.
const maxGather = manager.DefaultDownloadPartSize

// A gathering says how bytes are collected for writes.
type gathering struct {
	most int // bytes for one write

	// growing makes each write half as long as all before it: the first bytes are written
	// as they come, and an unsized buffer in disguise, which copies all it has for each
	// write, copies three times the object and not its square.
	growing bool
	pos     int64 // bytes before the first write

	drop bool // whether what has been collected is dropped if the body breaks
}

// enough returns the bytes that are worth a write.
func (g *gathering) enough() int {
	if !g.growing {
		return g.most
	}
	return int(min(int64(g.most), g.pos/2))
}

// gathered moves r to out in writes that g decides on. The buffer is the length of the
// body where that is known; otherwise it starts small and doubles. If the budget refuses
// a buffer, writes are smaller.
func (w *partWriter) gathered(out io.Writer, r io.Reader, body *sizedBody, g gathering) (written int64, err error) {
	b := newGatherBuffer(w.provider.pool, body.lengthAtMost(g.most))
	defer b.release()
	fill, empty := 0, 0
	for {
		enough := g.enough()
		n, rerr := r.Read(b.mem[fill:max(fill+1, min(len(b.mem), max(enough, mem.ScratchSize)))])
		fill += n
		if n > 0 {
			empty = 0
		} else if empty++; empty == 100 && rerr == nil {
			rerr = io.ErrNoProgress
		}
		if rerr == nil && (fill == 0 || fill < enough) && (fill < len(b.mem) || b.grow(fill, g.most)) {
			continue
		}
		if fill > 0 && (rerr == nil || rerr == io.EOF || !g.drop) {
			m, werr := xio.Write(out, b.mem[:fill])
			written += int64(m)
			g.pos += int64(m)
			if werr != nil {
				return written, werr
			}
			fill = 0
		}
		if rerr == io.EOF {
			return written, nil
		}
		if rerr != nil {
			return written, rerr
		}
	}
}

// A gatherBuffer is on lease, or borrowed if it is small or the budget has no room.
type gatherBuffer struct {
	pool  *mem.Pool
	mem   []byte
	lease *mem.Buffer
	block *mem.Block
}

func newGatherBuffer(pool *mem.Pool, size int) *gatherBuffer {
	b := &gatherBuffer{pool: pool}
	// Not less than io.Copy's 32 KiB, whatever length was announced.
	if size <= mem.ScratchSize {
		b.block = pool.Borrow()
		b.mem = b.block.Bytes()
	} else if lease, ok := pool.TryAcquire(size); ok {
		b.lease, b.mem = lease, lease.Bytes()
	} else {
		b.block = pool.Borrow()
		b.mem = b.block.Bytes()
	}
	return b
}

// grow doubles the buffer, up to most, and keeps what is in it. It reports false if
// it cannot.
func (b *gatherBuffer) grow(fill, most int) bool {
	size := min(most, 2*len(b.mem))
	if size <= len(b.mem) || b.lease == nil {
		return false
	}
	next, ok := b.pool.TryAcquire(size)
	if !ok {
		return false
	}
	copy(next.Bytes(), b.mem[:fill])
	b.lease.Release()
	b.lease, b.mem = next, next.Bytes()
	return true
}

func (b *gatherBuffer) release() {
	if b.lease != nil {
		b.lease.Release()
	} else {
		b.pool.GiveBack(b.block)
	}
}
