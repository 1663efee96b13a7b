package mem

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

var (
	// ErrTooLarge is in the error of a buffer that is larger than the whole budget.
	ErrTooLarge = errors.New("too large")

	// ErrBudget is in the error of a call that would have to wait for the budget and
	// has no context to wait under.
	ErrBudget = errors.New("the pool's budget is spent")
)

// A Pool lends buffers by size class and takes them back. It is safe for
// concurrent use. Package s3pool documents it for its users.
type Pool struct {
	maxBytes int64
	budget   *semaphore.Weighted // of maxBytes, nil without a bound
	charged  atomic.Int64        // bytes taken from budget; never more than maxBytes
	ahead    atomic.Int64        // of these, bytes read ahead

	waits    atomic.Uint64
	waitTime atomic.Int64 // nanoseconds
	waiting  atomic.Int64

	classes [numClasses]class
	large   class
	scratch class

	readers, writers bufioPool
}

// New returns a pool that lends at most maxBytes at a time. Zero means no bound.
func New(maxBytes int64) *Pool {
	p := &Pool{maxBytes: maxBytes}
	if maxBytes > 0 {
		p.budget = semaphore.NewWeighted(maxBytes)
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
func (p *Pool) MaxBytes() int64 { return p.maxBytes }

// Capped returns n, or the budget if that is less.
func (p *Pool) Capped(n int64) int64 {
	if p.maxBytes > 0 {
		return min(n, p.maxBytes)
	}
	return n
}

// Acquire leases a buffer of n bytes. The caller owns it until [Buffer.Release];
// its contents are arbitrary. On error there is nothing to release.
//
// While the budget is spent, Acquire waits: first come, first served, until ctx
// is done, whose error it then returns wrapped. A request that can never be met
// fails at once with [ErrTooLarge]. Without a budget it never waits.
func (p *Pool) Acquire(ctx context.Context, n int) (*Buffer, error) {
	p.MustExist("Acquire")
	if n < 0 {
		return nil, fmt.Errorf("s3pool: Acquire: negative size %d", n)
	}
	c := p.classFor(n)
	if p.budget != nil {
		if err := p.charge(ctx, c.bytes(n)); err != nil {
			return nil, err
		}
	}
	return newBuffer(c.get(n), n), nil
}

// TryAcquire is [Pool.Acquire] without waiting. It reports false if the budget
// has no room now or others are waiting for it already, and for a size that can
// never be had: negative, or above the budget.
func (p *Pool) TryAcquire(n int) (*Buffer, bool) {
	p.MustExist("TryAcquire")
	if n < 0 {
		return nil, false
	}
	c := p.classFor(n)
	if p.budget != nil {
		size := c.bytes(n)
		if !p.budget.TryAcquire(int64(size)) {
			return nil, false
		}
		p.charged.Add(int64(size))
	}
	return newBuffer(c.get(n), n), true
}

// AcquireAhead is TryAcquire for memory whose holder cannot tell when it will give it
// back: what has been read ahead stays until somebody reads on, and that somebody may be
// waiting for memory of this pool himself. So at most half of the budget is for it, and
// nobody queues for it. The caller ends the lease with ReleaseAhead.
func (p *Pool) AcquireAhead(n int) (*Buffer, bool) {
	if p.budget == nil {
		return p.TryAcquire(n)
	}
	size := p.Charge(n)
	if p.ahead.Add(size) <= p.maxBytes/2 {
		if b, ok := p.TryAcquire(n); ok {
			return b, true
		}
	}
	p.ahead.Add(-size)
	return nil, false
}

// ReleaseAhead ends a lease of AcquireAhead.
func (p *Pool) ReleaseAhead(b *Buffer) {
	if p.budget != nil {
		n := len(b.Bytes())
		p.ahead.Add(-p.Charge(n))
	}
	b.Release()
}

// classFor returns the class of a buffer of n bytes. A size that only rounding
// up would lift over the budget is made to measure instead.
func (p *Pool) classFor(n int) *class {
	if n > MaxClassSize {
		return &p.large
	}
	c := &p.classes[classIndex(n)]
	if p.budget != nil && int64(c.size) > p.maxBytes && int64(n) <= p.maxBytes {
		return &p.large
	}
	return c
}

// Charge returns what a buffer of n bytes takes from the budget: the size of its class.
func (p *Pool) Charge(n int) int64 { return int64(p.classFor(n).bytes(n)) }

// bytes returns what a buffer of n bytes takes in this class.
func (c *class) bytes(n int) int { return max(c.size, n) }

// charge takes size bytes from the budget.
func (p *Pool) charge(ctx context.Context, size int) error {
	if int64(size) > p.maxBytes {
		return fmt.Errorf("s3pool: a buffer of %d bytes is larger than the pool's budget of %d bytes: %w", size, p.maxBytes, ErrTooLarge)
	}
	if !p.budget.TryAcquire(int64(size)) {
		if err := p.wait(ctx, size); err != nil {
			return fmt.Errorf("s3pool: waiting for %d bytes of a budget of %d: %w", size, p.maxBytes, err)
		}
	}
	p.charged.Add(int64(size))
	return nil
}

func (p *Pool) wait(ctx context.Context, size int) error {
	start := time.Now()
	p.waits.Add(1)
	p.waiting.Add(1)
	err := p.budget.Acquire(ctx, int64(size))
	p.waiting.Add(-1)
	p.waitTime.Add(int64(time.Since(start)))
	return err
}

// refund gives size bytes back to the budget.
func (p *Pool) refund(size int) {
	p.charged.Add(-int64(size)) // first, so that charged never exceeds what is taken
	p.budget.Release(int64(size))
}

// ScratchSize is the bytes of a scratch block: what one Copy holds while it runs. See
// package zerocopy for the figures.
const ScratchSize = 32 << 10

// Borrow takes a scratch block: no handle, no budget, no allocation. The caller
// returns it with GiveBack before his own call ends.
func (p *Pool) Borrow() *Block { return p.scratch.get(0) }

// GiveBack ends a loan. The caller must not touch the block any more.
func (p *Pool) GiveBack(b *Block) { p.scratch.put(b) }
