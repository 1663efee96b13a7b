package s3pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/xio"
)

// A WriteAtBuffer collects an object in pooled memory. It is an [io.WriterAt] to be
// used instead of manager.WriteAtBuffer, which grows to just what each write
// needs and so copies the object over and over.
//
// Writes may be concurrent. The owner calls Release once, whether the
// download succeeded or not, when nobody uses Bytes any more.
type WriteAtBuffer struct {
	pool *mem.Pool

	// mu is held shared while bytes are put into the lease's memory, by WriteAt
	// and by a body that is read straight into it, and exclusively to replace the
	// lease or to release it. So nobody can write into memory that was given back.
	mu       sync.RWMutex
	lease    *mem.Buffer // nil until the first byte, and after release
	released bool

	writtenMu sync.Mutex
	written   mem.Extents
}

// errReleased is what a late writer gets. It may be a goroutine of a library,
// where a panic would end the process.
var errReleased = errors.New("s3pool: write to a WriteAtBuffer that has been released")

// NewWriteAtBuffer is [Pool.NewWriteAtBuffer] on [DefaultPool].
func NewWriteAtBuffer() *WriteAtBuffer { return DefaultPool().NewWriteAtBuffer() }

// NewWriteAtBuffer returns an empty buffer. It holds no memory before the first write.
func (p *Pool) NewWriteAtBuffer() *WriteAtBuffer {
	return &WriteAtBuffer{pool: p.mem("NewWriteAtBuffer")}
}

// WriteAt copies p to offset off. The buffer grows by doubling, so that n bytes
// written in any pieces are copied at most twice over. Growing does not wait: if
// the pool's budget has no room, WriteAt returns an error that is [ErrBudget] or
// [ErrTooLarge], and what was written before is still there.
//
// (A download by [NewDownloader] reserves the whole object when its size is
// known, waiting for the budget under the context of the download.)
func (b *WriteAtBuffer) WriteAt(p []byte, off int64) (int, error) {
	if err := checkExtent(off, int64(len(p))); err != nil {
		return 0, err
	}
	end := int(off) + len(p)
	mem, err := b.rlockMemory(end)
	if err != nil {
		return 0, err
	}
	copy(mem[off:end], p)
	gaps := b.markWritten(int(off), end)
	b.mu.RUnlock()
	// Each write that stands alone makes the next ones dearer. To fill the gaps must
	// not wait: a body that is being read into one of them may take its time.
	if gaps > maxGaps && b.mu.TryLock() {
		b.fillGaps()
		b.mu.Unlock()
	}
	return len(p), nil
}

// maxGaps bounds how many pieces a buffer is written in before its gaps are zeroed. Bodies
// leave one for each part under way.
const maxGaps = 256

func checkExtent(off, n int64) error {
	if off < 0 || n < 0 {
		return fmt.Errorf("s3pool: WriteAtBuffer: negative offset or length: %d bytes at %d", n, off)
	}
	if off > math.MaxInt-n {
		return fmt.Errorf("s3pool: WriteAtBuffer: %d bytes at %d do not fit into memory", n, off)
	}
	return nil
}

// rlockMemory returns the memory of the buffer, at least size bytes, and leaves
// b.mu held shared. On error nothing is held.
func (b *WriteAtBuffer) rlockMemory(size int) ([]byte, error) {
	for {
		b.mu.RLock()
		if b.released {
			b.mu.RUnlock()
			return nil, errReleased
		}
		if mem := b.memory(); len(mem) >= size {
			return mem, nil
		}
		b.mu.RUnlock()
		if err := b.grow(size); err != nil {
			return nil, err
		}
	}
}

// memory returns all of the lease's block, slack included. b.mu is held.
func (b *WriteAtBuffer) memory() []byte {
	if b.lease == nil {
		return nil
	}
	return b.lease.Memory()
}

// grow makes room for size bytes: twice what there is, or if the budget refuses
// that, just enough.
func (b *WriteAtBuffer) grow(size int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := len(b.memory())
	if b.released || held >= size {
		return nil // the caller looks again
	}
	if held > 0 && held <= math.MaxInt/2 && 2*held > size {
		if lease, ok := b.pool.TryAcquire(2 * held); ok {
			b.replaceLease(lease)
			return nil
		}
	}
	lease, ok := b.pool.TryAcquire(size)
	if !ok {
		err := ErrBudget
		if most := b.pool.MaxBytes(); most > 0 && int64(size) > most {
			err = ErrTooLarge
		}
		return fmt.Errorf("s3pool: WriteAtBuffer: growing from %d to %d bytes with a budget of %d: %w", held, size, b.pool.MaxBytes(), err)
	}
	b.replaceLease(lease)
	return nil
}

// tryReserve makes room for size bytes if that needs no waiting, and reports whether it
// did. A buffer that holds memory never waits, since two that wait for each other's would
// wait for ever: it fails.
func (b *WriteAtBuffer) tryReserve(size int) (bool, error) {
	b.mu.RLock()
	held, released := len(b.memory()), b.released
	b.mu.RUnlock()
	switch {
	case released:
		return false, errReleased
	case held >= size:
		return true, nil
	case held > 0:
		err := b.grow(size)
		return err == nil, err
	}
	lease, ok := b.pool.TryAcquire(size)
	if ok {
		b.adopt(lease)
	}
	return ok, nil
}

// reserve makes room for size bytes in an empty buffer. It waits for the budget under ctx.
func (b *WriteAtBuffer) reserve(ctx context.Context, size int) error {
	lease, err := b.pool.Acquire(ctx, size)
	if err == nil {
		b.adopt(lease)
	}
	return err
}

// adopt takes over lease if it is more than there is.
func (b *WriteAtBuffer) adopt(lease *mem.Buffer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.released || len(b.memory()) >= len(lease.Bytes()) {
		lease.Release() // somebody was faster
		return
	}
	b.replaceLease(lease)
}

// replaceLease moves what was written to lease, which b owns from here on. b.mu
// is held exclusively.
func (b *WriteAtBuffer) replaceLease(lease *mem.Buffer) {
	if b.lease != nil {
		b.writtenMu.Lock()
		copy(lease.Memory(), b.memory()[:b.written.End()])
		b.writtenMu.Unlock()
		b.lease.Release()
	}
	b.lease = lease
}

// readAt fills [from, to) from r, straight into the buffer's memory, as far as there is
// room. It reads nothing and returns no error if there is none. A growing WriteAt or a
// Release waits until it is done.
func (b *WriteAtBuffer) readAt(r io.Reader, from, to int) (int, error) {
	mem, err := b.rlockMemory(0)
	if err != nil {
		return 0, err
	}
	defer b.mu.RUnlock()
	if to = min(to, len(mem)); from >= to {
		return 0, nil
	}
	n, err := xio.ReadUntil(r, mem[from:to:to])
	b.markWritten(from, from+n)
	return n, err
}

// markWritten notes that the bytes are there, and returns the number of pieces that have
// been written.
func (b *WriteAtBuffer) markWritten(from, to int) int {
	b.writtenMu.Lock()
	defer b.writtenMu.Unlock()
	b.written.Add(from, to)
	return len(b.written)
}

// fillGaps zeroes what was skipped: the memory had other owners, and their bytes must not
// show through. b.mu is held exclusively. It returns what has been written.
func (b *WriteAtBuffer) fillGaps() []byte {
	b.writtenMu.Lock()
	defer b.writtenMu.Unlock()
	mem := b.memory()
	b.written.FillGaps(func(from, to int) { clear(mem[from:to]) })
	end := b.written.End()
	return mem[:end:end]
}

// Len returns the number of bytes up to the last one written.
func (b *WriteAtBuffer) Len() int {
	b.writtenMu.Lock()
	defer b.writtenMu.Unlock()
	return b.written.End()
}

// Bytes returns what was written, Len bytes. Bytes that were skipped are zero.
// The slice belongs to the buffer: it is valid until Release or the next write
// that grows the buffer. Bytes waits for writes in progress and panics after
// Release.
func (b *WriteAtBuffer) Bytes() []byte {
	b.mu.Lock() // a write under way is not yet in written
	defer b.mu.Unlock()
	if b.released {
		panic("s3pool: Bytes of a WriteAtBuffer that has been released")
	}
	return b.fillGaps()
}

// Release gives the memory back to the pool. It waits for writes in progress;
// later ones fail. A second Release panics.
func (b *WriteAtBuffer) Release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.released {
		panic("s3pool: WriteAtBuffer released twice")
	}
	b.released = true
	if b.lease != nil {
		b.lease.Release()
		b.lease = nil
	}
	b.writtenMu.Lock()
	b.written = nil
	b.writtenMu.Unlock()
}
