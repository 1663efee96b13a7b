package mem

import "context"

// A Growth is memory for bytes whose number nobody knows, up to a limit. It moves up
// the classes by steps of four, so that a few bytes never take much, and a copy costs a
// third of the bytes at most.
//
// The budget is charged with the limit when the first block is outgrown, and gets back
// what was too much when the number is known. To charge step by step would be to wait
// for memory while holding some, and enough streams that do so wait for ever.
type Growth struct {
	pool    *Pool
	limit   int
	block   *Block
	charged int // 0 while block is scratch
}

// NewGrowth begins with a scratch block, which no budget counts.
func (p *Pool) NewGrowth(limit int) *Growth {
	return &Growth{pool: p, limit: limit, block: p.Borrow()}
}

// Bytes returns the memory, full or not.
func (g *Growth) Bytes() []byte { return g.block.mem[:min(len(g.block.mem), g.limit)] }

// Grow makes the memory larger, and keeps what is in it. It waits under ctx for the
// budget, once. On error the memory is as it was.
func (g *Growth) Grow(ctx context.Context) error {
	p := g.pool
	if g.charged == 0 && p.budget != nil {
		size := p.classFor(g.limit).bytes(g.limit)
		if err := p.charge(ctx, size); err != nil {
			return err
		}
		g.charged = size
	}
	n := min(4*len(g.block.mem), g.limit)
	next := p.classFor(n).get(n)
	copy(next.mem, g.block.mem)
	g.block.class.put(g.block)
	g.block = next
	return nil
}

// Lease turns the memory, of which n bytes are used, into a Buffer. The Growth is done
// with.
func (g *Growth) Lease(n int) *Buffer {
	if g.charged > 0 {
		if rest := g.charged - len(g.block.mem); rest > 0 {
			g.pool.refund(rest)
		}
	}
	return newBuffer(g.block, n)
}

// Release gives everything back.
func (g *Growth) Release() {
	g.block.class.put(g.block)
	if g.charged > 0 {
		g.pool.refund(g.charged)
	}
}
