package s3pool

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// PoolOptions configures a [Pool].
type PoolOptions struct {
	// MaxBytes bounds the bytes that are leased at one time, counted in the sizes
	// of the classes (up to a quarter more than was asked for). Zero means no
	// bound. Memory that is idle, the small blocks that Copy holds during a call
	// and the bufio readers and writers are not counted.
	MaxBytes int64

	// Ballast is the number of bytes that the pool keeps allocated, from its first
	// NewDownloader on, without ever touching them. Zero means 8 MiB, negative
	// means none. See ballast.go for why; it takes address space, not memory.
	Ballast int
}

// A Pool lends buffers by size class and takes them back. It is safe for
// concurrent use. Idle memory belongs to the garbage collector: a Pool needs no
// Close, and a peak is forgotten after two collections.
type Pool struct {
	maxBytes int64
	budget   *semaphore.Weighted // of maxBytes, nil without a bound
	charged  atomic.Int64        // bytes taken from budget; never more than maxBytes
	ahead    atomic.Int64        // of these, bytes read ahead

	ballast ballast

	waits    atomic.Uint64
	waitTime atomic.Int64 // nanoseconds
	waiting  atomic.Int64

	classes [numClasses]class
	large   class
	scratch class

	readers, writers bufioPool
}

// NewPool returns a pool. It panics if MaxBytes is negative.
func NewPool(optFns ...func(*PoolOptions)) *Pool {
	var o PoolOptions
	for _, fn := range optFns {
		fn(&o)
	}
	if o.MaxBytes < 0 {
		panic(fmt.Sprintf("s3pool: NewPool: MaxBytes is %d; it must be positive, or zero for no bound", o.MaxBytes))
	}
	p := &Pool{maxBytes: o.MaxBytes, ballast: ballast{size: o.Ballast}}
	if o.MaxBytes > 0 {
		p.budget = semaphore.NewWeighted(o.MaxBytes)
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
	p.scratch.size = scratchSize
	return p
}

var defaultPool = sync.OnceValue(func() *Pool { return NewPool() })

// DefaultPool returns the pool behind the package-level functions. It has no
// budget. It is built on first use.
func DefaultPool() *Pool { return defaultPool() }

// poolOr returns p, or the default pool for nil.
func poolOr(p *Pool) *Pool {
	if p == nil {
		return DefaultPool()
	}
	return p
}

// check makes a call on a nil or zero Pool say so.
func (p *Pool) check(call string) {
	if p == nil {
		panic("s3pool: " + call + " on a nil *Pool; use NewPool or DefaultPool")
	}
	if p.scratch.pool == nil {
		panic("s3pool: " + call + " on a zero Pool; use NewPool or DefaultPool")
	}
}

// Acquire leases a buffer of n bytes. The caller owns it until [Buffer.Release];
// its contents are arbitrary. On error there is nothing to release.
//
// While the budget is spent, Acquire waits: first come, first served, until ctx
// is done, whose error it then returns wrapped. A request that can never be met
// fails at once with [ErrTooLarge]. Without a budget it never waits.
func (p *Pool) Acquire(ctx context.Context, n int) (*Buffer, error) {
	p.check("Acquire")
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
	p.check("TryAcquire")
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

// acquireAhead is TryAcquire for memory whose holder cannot tell when it will give it
// back: what has been read ahead stays until somebody reads on, and that somebody may be
// waiting for memory of this pool himself. So at most half of the budget is for it, and
// nobody queues for it. The caller ends the lease with releaseAhead.
func (p *Pool) acquireAhead(n int) (*Buffer, bool) {
	if p.budget == nil {
		return p.TryAcquire(n)
	}
	size := int64(p.classFor(n).bytes(n))
	if p.ahead.Add(size) <= p.maxBytes/2 {
		if b, ok := p.TryAcquire(n); ok {
			return b, true
		}
	}
	p.ahead.Add(-size)
	return nil, false
}

func (p *Pool) releaseAhead(b *Buffer) {
	if p.budget != nil {
		n := len(b.Bytes())
		p.ahead.Add(-int64(p.classFor(n).bytes(n)))
	}
	b.Release()
}

// classFor returns the class of a buffer of n bytes. A size that only rounding
// up would lift over the budget is made to measure instead.
func (p *Pool) classFor(n int) *class {
	if n > maxClassSize {
		return &p.large
	}
	c := &p.classes[classIndex(n)]
	if p.budget != nil && int64(c.size) > p.maxBytes && int64(n) <= p.maxBytes {
		return &p.large
	}
	return c
}

// bytes returns what a buffer of n bytes takes in this class.
func (c *class) bytes(n int) int { return max(c.size, n) }

// charge takes size bytes from the budget.
func (p *Pool) charge(ctx context.Context, size int) error {
	if int64(size) > p.maxBytes {
		return fmt.Errorf("s3pool: a buffer of %d bytes from a budget of %d: %w", size, p.maxBytes, ErrTooLarge)
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

// scratchSize is what one Copy holds while it runs. See copy.go for the figures.
const scratchSize = 32 << 10

// borrow takes a scratch block: no handle, no budget, no allocation. For the
// length of one call only.
func (p *Pool) borrow() *block { return p.scratch.get(0) }

// giveBack returns a scratch block.
func (p *Pool) giveBack(b *block) { p.scratch.put(b) }
