package mem

import "sync/atomic"

// A Buffer is a lease on pooled memory. The holder may pass it on, and must
// release it exactly once.
type Buffer struct {
	n     int
	block atomic.Pointer[Block] // nil once released
}

// newBuffer makes the handle of a lease. Handles are never recycled, so that a
// second Release is always seen; the 16 bytes are the price. Making them by the dozen
// takes a fifth off Acquire and Release.
func newBuffer(b *Block, n int) *Buffer {
	at := b.taken % numHandles
	if at == 0 {
		b.handles = new([numHandles]Buffer)
	}
	b.taken++
	buf := &b.handles[at]
	buf.n = n
	buf.block.Store(b)
	return buf
}

// numHandles is how many handles a block makes at once: an old one that somebody keeps
// keeps as many.
const numHandles = 16

// Bytes returns the buffer's memory, of the length that was asked for. It is
// valid until Release. Bytes panics after Release.
func (b *Buffer) Bytes() []byte {
	blk := b.block.Load()
	if blk == nil {
		panic("s3pool: Bytes of a Buffer that has been released")
	}
	return blk.mem[:b.n:b.n]
}

// Memory returns all of the block, which may be longer than what was asked for. The
// buffer must not have been released.
func (b *Buffer) Memory() []byte { return b.block.Load().mem }

// Release gives the memory back. Nobody may touch it afterwards: the next holder
// has it already. A second Release panics.
func (b *Buffer) Release() {
	blk := b.block.Swap(nil)
	if blk == nil {
		panic("s3pool: Buffer released twice")
	}
	c := blk.class
	if !c.charged {
		c.put(blk)
		return
	}
	paid := charge{size: int64(len(blk.mem)), mark: blk.usage.mark}
	c.put(blk) // first, so that the next holder finds it
	c.pool.budget.give(paid)
}
