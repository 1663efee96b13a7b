package s3pool

import "context"

// A growth is memory for bytes whose number nobody knows, up to a limit. It moves up
// the classes by steps of four, so that a few bytes never take much, and a copy costs a
// third of the bytes at most.
//
// The budget is charged with the limit when the first block is outgrown, and gets back
// what was too much when the number is known. To charge step by step would be to wait
// for memory while holding some, and enough streams that do so wait for ever.
type growth struct {
	pool    *Pool
	limit   int
	block   *block
	charged int // 0 while block is scratch
}

// newGrowth begins with a scratch block, which no budget counts.
func (p *Pool) newGrowth(limit int) *growth {
	return &growth{pool: p, limit: limit, block: p.borrow()}
}

// bytes returns the memory, full or not.
func (g *growth) bytes() []byte { return g.block.mem[:min(len(g.block.mem), g.limit)] }

// grow makes the memory larger, and keeps what is in it. It waits under ctx for the
// budget, once. On error the memory is as it was.
func (g *growth) grow(ctx context.Context) error {
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

// lease turns the memory, of which n bytes are used, into a Buffer. The growth is done
// with.
func (g *growth) lease(n int) *Buffer {
	if g.charged > 0 {
		if rest := g.charged - len(g.block.mem); rest > 0 {
			g.pool.refund(rest)
		}
	}
	return newBuffer(g.block, n)
}

// release gives everything back.
func (g *growth) release() {
	g.block.class.put(g.block)
	if g.charged > 0 {
		g.pool.refund(g.charged)
	}
}
