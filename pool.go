package s3pool

import (
	"context"
	"fmt"

	"github.com/s3pool/s3pool/internal/mem"
)

var (
	// ErrTooLarge is in the error of whatever is larger than a limit: a buffer larger
	// than the pool's whole budget, for which waiting would never end, or an object
	// larger than a client's limit. The error's text has both sizes.
	ErrTooLarge = mem.ErrTooLarge

	// ErrBudget is in the error of a call that waited for the budget until its context
	// ended, or that would have to wait and has no context to wait under.
	ErrBudget = mem.ErrBudget
)

// PoolOptions configures a [Pool].
type PoolOptions struct {
	// MaxBytes bounds the bytes that are leased at one time, counted in the sizes
	// of the classes (up to a quarter more than was asked for). Zero means no
	// bound. Idle memory is given up where it and what is leased would be more. The blocks
	// of 32 KiB that Copy and transfers hold during a call and the bufio readers and
	// writers are not counted.
	MaxBytes int64
}

// A Pool lends buffers by size class and takes them back. It is safe for
// concurrent use. Idle memory belongs to the garbage collector: a Pool needs no
// Close, and a peak is forgotten after two collections.
type Pool mem.Pool

// NewPool returns a pool. It panics if MaxBytes is negative.
func NewPool(optFns ...func(*PoolOptions)) *Pool {
	var o PoolOptions
	for _, fn := range optFns {
		fn(&o)
	}
	if o.MaxBytes < 0 {
		panic(fmt.Sprintf("s3pool: NewPool: MaxBytes is %d; it must be positive, or zero for no bound", o.MaxBytes))
	}
	return (*Pool)(mem.New(o.MaxBytes))
}

var defaultPool = NewPool()

// DefaultPool returns the pool behind the package-level functions. It has no
// budget.
func DefaultPool() *Pool { return defaultPool }

// mem returns what p is made of, and makes a call on a nil or zero Pool say so.
func (p *Pool) mem(call string) *mem.Pool {
	m := (*mem.Pool)(p)
	m.MustExist(call)
	return m
}

// Acquire leases a buffer of n bytes. The caller owns it until [Buffer.Release];
// its contents are arbitrary. On error there is nothing to release.
//
// While the budget is spent, Acquire waits until ctx is done: its error is then ctx's and
// [ErrBudget]. Those who wait are served in the order of asking, but for two exceptions. A
// small request passes a large one that it does not delay. And one that leases older than
// 0.1 s keep out is stepped over until enough of these have ended. A request for more than
// the budget fails at once with [ErrTooLarge]. Without a budget nobody waits.
func (p *Pool) Acquire(ctx context.Context, n int) (*Buffer, error) {
	b, err := p.mem("Acquire").Acquire(ctx, n)
	return (*Buffer)(b), err
}

// TryAcquire is [Pool.Acquire] without waiting. It reports false if the budget
// has no room now or others wait for it whom the caller may not pass, and for a size that
// is negative or above the budget.
func (p *Pool) TryAcquire(n int) (*Buffer, bool) {
	b, ok := p.mem("TryAcquire").TryAcquire(n)
	return (*Buffer)(b), ok
}
