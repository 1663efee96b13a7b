package mem

import (
	"container/list"
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A budget counts bytes on lease, up to max. While nobody waits, it is one atomic
// number. ARCHITECTURE.md has the lemma that nobody waits for ever.
//
// Those who wait are served in the order of asking, and whoever comes while others wait
// queues behind them. There are two exceptions, so that neither the large nor the small
// keep the other out for ever:
//
//   - A small request may pass the first in the queue if all that have passed hold no more
//     than what the first leaves of the budget: when the other leases end, it has room.
//   - If the first has waited for patience, all bytes that are on lease by then are old.
//     Whoever asks for more than what the old ones leave is stepped over: he cannot be
//     served before some of them are given back, and the others need not wait for that.
//     As soon as enough of them are, it is his turn again, and nobody passes him. If he
//     still gets nothing, because of leases made since, these become old too, after twice
//     the patience. So a lease that never ends delays the others a few times only, and
//     leases that do end do not keep him out.
type budget struct {
	max     int64
	leased  atomic.Int64 // never more than max
	waiting atomic.Int64 // the length of queue; while it is not zero, all go through mu

	waits    atomic.Uint64
	waitTime atomic.Int64 // nanoseconds

	mu    sync.Mutex
	queue queue
	ahead list.List // of *Ahead that hold memory, the one used longest ago first
	lent  int64     // bytes that they hold

	mark     uint32        // from 1 on; goes up when leases become old
	recent   int64         // bytes on lease whose charges carry this mark
	stepping bool          // whether leases have become old for the first in the queue
	patience time.Duration // of the next timer
	timer    *time.Timer   // set while head waits for room
	head     *waiter       // whom timer is for
}

// patience is how long the first in the queue keeps out those who would fit, at first.
const patience = 100 * time.Millisecond

// A charge is bytes taken from the budget. Those of somebody who passed another carry the
// mark of the time, others have zero.
type charge struct {
	size int64
	mark uint32
}

// try takes size bytes if nobody is in the way.
func (b *budget) try(size int64) (charge, bool) {
	if b.waiting.Load() == 0 {
		return charge{size: size}, b.add(size)
	}
	return b.tryAmongOthers(size)
}

func (b *budget) tryAmongOthers(size int64) (charge, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tryLocked(size)
}

func (b *budget) tryLocked(size int64) (charge, bool) {
	if b.queue.n == 0 {
		return charge{size: size}, b.add(size)
	}
	if size > b.mayPass() || !b.add(size) {
		return charge{}, false
	}
	return b.recently(size), true
}

// add takes size bytes if there are as many.
func (b *budget) add(size int64) bool {
	for {
		n := b.leased.Load()
		if size > b.max-n {
			return false
		}
		if b.leased.CompareAndSwap(n, n+size) {
			return true
		}
	}
}

// recently marks size bytes that have just been taken.
func (b *budget) recently(size int64) charge {
	b.recent += size
	return charge{size: size, mark: b.mark}
}

// limit returns what can be had once all leases that are not old have ended. Whoever
// waits for more is stepped over.
func (b *budget) limit() int64 {
	if !b.stepping {
		return b.max
	}
	return b.max - (b.leased.Load() - b.recent)
}

// mayPass returns how many bytes at most somebody may take who asked later than others.
func (b *budget) mayPass() int64 {
	head := b.queue.first(b.limit())
	switch {
	case head == nil:
		return math.MaxInt64 // all of them are stepped over
	case b.stepping:
		return 0
	}
	return b.max - head.size - b.recent
}

// take waits for size bytes until ctx is done. It is for sizes that the budget can meet.
func (b *budget) take(ctx context.Context, size int64) (charge, error) {
	if c, ok := b.try(size); ok {
		return c, nil
	}
	return b.await(ctx, size)
}

func (b *budget) await(ctx context.Context, size int64) (charge, error) {
	w, c := b.enqueue(size)
	if w == nil {
		return c, nil
	}
	start := time.Now()
	defer func() { b.waitTime.Add(int64(time.Since(start))) }()
	b.reclaim(size)
	select {
	case <-w.granted:
	case <-ctx.Done():
		if b.leave(w) {
			return charge{}, fmt.Errorf("s3pool: waiting for %d bytes of a budget of %d: %w: %w", size, b.max, ErrBudget, ctx.Err())
		}
	}
	return w.paid, nil
}

// enqueue lines up for size bytes, unless they can be had by now.
func (b *budget) enqueue(size int64) (*waiter, charge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// First: a release that does not see it has made room that tryLocked sees.
	b.waiting.Add(1)
	if c, ok := b.tryLocked(size); ok {
		b.waiting.Add(-1)
		return nil, c
	}
	b.waits.Add(1)
	w := &waiter{size: size, granted: make(chan struct{})}
	b.queue.push(w)
	b.watch()
	return w, charge{}
}

// leave ends a wait without success. It reports false if there has been success already.
func (b *budget) leave(w *waiter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.granted:
		return false
	default:
	}
	if w == b.queue.first(b.max) && b.patience > patience {
		b.patience, b.head = 0, nil // the next one begins anew
	}
	b.queue.remove(w)
	b.waiting.Add(-1)
	b.serve() // those behind it
	return true
}

// give returns bytes, and hands them on to those who wait.
func (b *budget) give(c charge) {
	if c.mark == 0 {
		b.leased.Add(-c.size)
		if b.waiting.Load() == 0 {
			return
		}
		b.mu.Lock()
	} else {
		b.mu.Lock()
		b.leased.Add(-c.size)
		if c.mark == b.mark {
			b.recent -= c.size
		}
	}
	b.serve()
	b.mu.Unlock()
}

// serve lets go whoever can be served. The caller holds mu.
func (b *budget) serve() {
	for b.queue.n > 0 {
		head := b.queue.first(b.limit())
		if head == nil {
			break
		}
		if b.add(head.size) {
			b.grant(head)
			continue
		}
		w := b.queue.first(min(b.mayPass(), b.max-b.leased.Load()))
		if w == nil || !b.add(w.size) {
			break
		}
		b.grant(w)
	}
	b.watch()
}

// grant ends the wait of w, whose bytes have been taken.
func (b *budget) grant(w *waiter) {
	if w == b.queue.first(b.max) {
		b.stepping, b.patience = false, 0
		w.paid = charge{size: w.size}
	} else {
		w.paid = b.recently(w.size)
	}
	b.queue.remove(w)
	b.waiting.Add(-1)
	close(w.granted)
}

// watch sees to it that leases become old in time, if somebody waits for room that is not
// held up by old ones. The caller holds mu.
func (b *budget) watch() {
	if b.queue.n == 0 {
		b.stepping, b.patience = false, 0
	}
	head := b.queue.first(b.limit())
	if head == b.head {
		return
	}
	b.head = head
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if head == nil {
		return
	}
	b.timer = time.AfterFunc(max(b.patience, patience), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.head == head {
			b.age()
		}
	})
}

// age makes all leases old.
func (b *budget) age() {
	b.patience = 2 * max(b.patience, patience)
	b.stepping = true
	b.mark++
	b.recent = 0
	b.head = nil
	b.serve()
}
