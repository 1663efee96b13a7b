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
	pool  *Pool
	limit int
	block *Block
	paid  charge // nothing while block is scratch
	spare int64  // what paid has more than block; counted as resident
}

// NewGrowth begins with a scratch block, which no budget counts.
func (p *Pool) NewGrowth(limit int) *Growth {
	return &Growth{pool: p, limit: limit, block: p.Borrow()}
}

// Reserve charges n bytes at once, waiting under ctx as Acquire does, and begins with a
// block of up to MaxClassSize: a number that somebody announces is not yet a size. Grow
// neither waits nor fails.
func (p *Pool) Reserve(ctx context.Context, n int) (*Growth, error) {
	var paid charge
	if p.budget != nil {
		var err error
		if paid, err = p.charge(ctx, p.classFor(n).bytes(n)); err != nil {
			return nil, err
		}
	}
	return p.reserved(n, paid), nil
}

// TryReserve is Reserve without waiting.
func (p *Pool) TryReserve(n int) (*Growth, bool) {
	var paid charge
	if p.budget != nil {
		var ok bool
		if paid, ok = p.budget.try(int64(p.classFor(n).bytes(n))); !ok {
			return nil, false
		}
	}
	return p.reserved(n, paid), true
}

func (p *Pool) reserved(n int, paid charge) *Growth {
	first := min(n, MaxClassSize)
	g := &Growth{pool: p, limit: n, block: p.classFor(first).get(first), paid: paid}
	if paid.size > 0 {
		g.keep(paid.size - int64(len(g.block.mem)))
	}
	return g
}

// Limit returns the limit.
func (g *Growth) Limit() int { return g.limit }

// Bytes returns the memory, full or not.
func (g *Growth) Bytes() []byte { return g.block.mem[:min(len(g.block.mem), g.limit)] }

// Grow makes the memory larger, and keeps what is in it. It waits under ctx for the
// budget, once. On error the memory is as it was.
func (g *Growth) Grow(ctx context.Context) error {
	p := g.pool
	if g.paid.size == 0 && p.budget != nil {
		paid, err := p.charge(ctx, p.classFor(g.limit).bytes(g.limit))
		if err != nil {
			return err
		}
		g.paid = paid
	}
	n := g.limit
	if have := len(g.block.mem); have < n/4 { // 4*have could overflow
		n = 4 * have
	}
	next := p.classFor(n).get(n)
	copy(next.mem, g.block.mem)
	g.block.class.put(g.block)
	g.block = next
	if g.paid.size > 0 {
		g.keep(g.paid.size - int64(len(next.mem)))
	}
	return nil
}

// keep makes n bytes the spare ones.
func (g *Growth) keep(n int64) {
	g.pool.reserve(n - g.spare)
	g.spare = n
}

// Lease turns the memory, of which n bytes are used, into a Buffer. The Growth is done
// with.
func (g *Growth) Lease(n int) *Buffer {
	if g.paid.size > 0 {
		g.block.usage.mark = g.paid.mark
		if rest := g.spare; rest > 0 {
			g.keep(0)
			g.pool.budget.give(charge{size: rest, mark: g.paid.mark})
		}
	}
	return newBuffer(g.block, n)
}

// Release gives everything back.
func (g *Growth) Release() {
	g.block.class.put(g.block)
	if g.paid.size > 0 {
		g.keep(0)
		g.pool.budget.give(g.paid)
	}
}
