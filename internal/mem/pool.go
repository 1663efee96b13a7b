package mem

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

var (
	// ErrTooLarge is in the error of a buffer that is larger than the whole budget.
	ErrTooLarge = errors.New("too large")

	// ErrBudget is in the error of a call that waited for the budget until its context
	// ended, or has no context to wait under.
	ErrBudget = errors.New("the pool's budget is spent")
)

// A Pool lends buffers by size class and takes them back. It is safe for
// concurrent use. Package s3pool documents it for its users.
type Pool struct {
	budget   *budget      // nil without a bound
	resident atomic.Int64 // bytes of all blocks that the budget is about, on lease or idle, and what a Growth has paid for and not yet made

	classes [numClasses]class
	large   class
	scratch class

	readers, writers bufioPool
}

// New returns a pool that lends at most maxBytes at a time. Zero means no bound.
func New(maxBytes int64) *Pool {
	p := &Pool{}
	if maxBytes > 0 {
		p.budget = &budget{max: maxBytes, mark: 1}
	}
	charged := p.budget != nil
	for i := range p.classes {
		p.classes[i].size = classSize(i)
		p.classes[i].pool = p
		p.classes[i].charged = charged
	}
	p.large.pool = p
	p.large.charged = charged
	p.scratch.pool = p
	p.scratch.size = ScratchSize
	return p
}

// MustExist panics on a nil or zero Pool, in the name of the call that was made on it.
func (p *Pool) MustExist(call string) {
	if p == nil {
		panic("s3pool: " + call + " on a nil *Pool; use NewPool or DefaultPool")
	}
	if p.scratch.pool == nil {
		panic("s3pool: " + call + " on a zero Pool; use NewPool or DefaultPool")
	}
}

// MaxBytes returns the budget in bytes, or zero for none.
func (p *Pool) MaxBytes() int64 {
	if p.budget == nil {
		return 0
	}
	return p.budget.max
}

// Capped returns n, or the budget if that is less.
func (p *Pool) Capped(n int64) int64 {
	if p.budget != nil {
		return min(n, p.budget.max)
	}
	return n
}

// Acquire leases a buffer of n bytes. The caller owns it until [Buffer.Release];
// its contents are arbitrary. On error there is nothing to release.
//
// While the budget is spent, Acquire waits until ctx is done: its error is then ctx's and
// [ErrBudget]. See budget for the order. A request that can never be met fails at once
// with [ErrTooLarge]. Without a budget it never waits.
func (p *Pool) Acquire(ctx context.Context, n int) (*Buffer, error) {
	p.MustExist("Acquire")
	if n < 0 {
		return nil, fmt.Errorf("s3pool: Acquire: negative size %d", n)
	}
	c := p.classFor(n)
	if p.budget == nil {
		return newBuffer(c.get(n), n), nil
	}
	paid, err := p.charge(ctx, c.bytes(n))
	if err != nil {
		return nil, err
	}
	b := c.get(n)
	b.usage.mark = paid.mark
	return newBuffer(b, n), nil
}

// TryAcquire is [Pool.Acquire] without waiting. It reports false if the budget
// has no room now or others wait for it whom the caller may not pass, and for a size that
// can never be had: negative, or above the budget.
func (p *Pool) TryAcquire(n int) (*Buffer, bool) {
	p.MustExist("TryAcquire")
	if n < 0 {
		return nil, false
	}
	c := p.classFor(n)
	if p.budget == nil {
		return newBuffer(c.get(n), n), true
	}
	paid, ok := p.budget.try(int64(c.bytes(n)))
	if !ok {
		return nil, false
	}
	b := c.get(n)
	b.usage.mark = paid.mark
	return newBuffer(b, n), true
}

// classFor returns the class of a buffer of n bytes. A size that only rounding
// up would lift over the budget is made to measure instead.
func (p *Pool) classFor(n int) *class {
	if n > MaxClassSize {
		return &p.large
	}
	c := &p.classes[classIndex(n)]
	if p.budget != nil && int64(c.size) > p.budget.max && int64(n) <= p.budget.max {
		return &p.large
	}
	return c
}

// Charge returns what a buffer of n bytes takes from the budget: the size of its class.
func (p *Pool) Charge(n int) int64 { return int64(p.classFor(n).bytes(n)) }

// bytes returns what a buffer of n bytes takes in this class.
func (c *class) bytes(n int) int { return max(c.size, n) }

// charge takes size bytes from the budget, which there is.
func (p *Pool) charge(ctx context.Context, size int) (charge, error) {
	if int64(size) > p.budget.max {
		return charge{}, p.tooLarge(size)
	}
	return p.budget.take(ctx, int64(size))
}

func (p *Pool) tooLarge(size int) error {
	return fmt.Errorf("s3pool: a buffer of %d bytes is larger than the pool's budget of %d bytes: %w", size, p.budget.max, ErrTooLarge)
}

// ScratchSize is the bytes of a scratch block: what one Copy holds while it runs. See
// package zerocopy for the figures.
const ScratchSize = 32 << 10

// Borrow takes a scratch block: no handle, no budget, no allocation. The caller
// returns it with GiveBack before his own call ends.
func (p *Pool) Borrow() *Block { return p.scratch.get(0) }

// GiveBack ends a loan. The caller must not touch the block any more.
func (p *Pool) GiveBack(b *Block) { p.scratch.put(b) }
