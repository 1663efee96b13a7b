package mem_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/require"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// A crowd is goroutines that lease from a pool in a bubble, and the order of their leases.
type crowd struct {
	t  *testing.T
	p  *mem.Pool
	wg sync.WaitGroup

	mu    sync.Mutex
	order []string
}

// in runs f with a pool in a bubble of its own.
func in(t *testing.T, budget int64, f func(t *testing.T, c *crowd)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, p: mem.New(budget)}
		f(t, c)
		c.wg.Wait()
		s := c.p.Stats()
		require.Zero(t, s.Leased)
		require.Zero(t, s.Waiting)
	})
}

// hold leases n bytes at once.
func (c *crowd) hold(n int) *mem.Buffer {
	c.t.Helper()
	buf, ok := c.p.TryAcquire(n)
	require.True(c.t, ok, "%d bytes", n)
	return buf
}

// lines up name for n bytes, which it holds for d.
func (c *crowd) lines(name string, n int, d time.Duration) {
	c.linesUntil(c.t.Context(), name, n, d)
}

func (c *crowd) linesUntil(ctx context.Context, name string, n int, d time.Duration) {
	c.wg.Go(func() {
		buf, err := c.p.Acquire(ctx, n)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.order = append(c.order, name+" left")
			return
		}
		c.order = append(c.order, name)
		c.wg.Go(func() {
			time.Sleep(d) // of the bubble
			buf.Release()
		})
	})
	synctest.Wait()
}

// served returns who has been served so far.
func (c *crowd) served() []string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.order...)
}

func TestServedInOrder(t *testing.T) {
	in(t, 16*kib, func(t *testing.T, c *crowd) {
		held := c.hold(16 * kib)
		c.lines("a", 16*kib, time.Millisecond)
		c.lines("b", 4*kib, time.Millisecond)
		c.lines("c", 16*kib, time.Millisecond)
		c.lines("d", 4*kib, time.Millisecond)
		require.Equal(t, 4, c.p.Stats().Waiting)
		_, ok := c.p.TryAcquire(1)
		require.False(t, ok)
		held.Release()
		c.wg.Wait()
		require.Equal(t, []string{"a", "b", "c", "d"}, c.served())
		require.EqualValues(t, 4, c.p.Stats().Waits)
	})
}

// TestPassing: the small pass the first in the queue where they do not delay it.
func TestPassing(t *testing.T) {
	in(t, 64*kib, func(t *testing.T, c *crowd) {
		held := c.hold(40 * kib)
		c.lines("large", 56*kib, time.Millisecond) // leaves 8 KiB
		c.lines("a", 4*kib, time.Hour)
		c.lines("b", 4*kib, 10*time.Millisecond)
		c.lines("c", 4*kib, time.Hour)
		require.Equal(t, []string{"a", "b"}, c.served(), "c would delay the large one")
		_, ok := c.p.TryAcquire(1)
		require.False(t, ok, "and so would this")
		time.Sleep(20 * time.Millisecond)
		require.Equal(t, []string{"a", "b", "c"}, c.served(), "b has gone")
		held.Release()
		require.Equal(t, []string{"a", "b", "c", "large"}, c.served(), "both of them stay")
	})
}

// TestLeaving: whoever leaves the queue makes room for those behind.
func TestLeaving(t *testing.T) {
	in(t, 16*kib, func(t *testing.T, c *crowd) {
		held := c.hold(12 * kib)
		ctx, cancel := context.WithCancelCause(t.Context())
		c.linesUntil(ctx, "large", 16*kib, 0)
		c.lines("small", 4*kib, 0)
		require.Empty(t, c.served())
		cancel(nil)
		require.ElementsMatch(t, []string{"large left", "small"}, c.served())
		held.Release()
	})
}

func TestErrors(t *testing.T) {
	in(t, 16*kib, func(t *testing.T, c *crowd) {
		held := c.hold(16 * kib)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.p.Acquire(ctx, 1)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, mem.ErrBudget)
		require.Equal(t, time.Second, c.p.Stats().WaitTime)
		_, err = c.p.Acquire(ctx, 16*kib+1)
		require.ErrorIs(t, err, mem.ErrTooLarge)
		held.Release()
	})
}

// TestHolderForEver: one byte that is never given back keeps out who wants everything, and
// nobody else.
func TestHolderForEver(t *testing.T) {
	in(t, 64*kib, func(t *testing.T, c *crowd) {
		held := c.hold(1)
		ctx, cancel := context.WithCancel(t.Context())
		c.linesUntil(ctx, "whole", 64*kib, 0)
		c.linesUntil(ctx, "nearly", 63*kib, 0)
		start := time.Now()
		for range 1000 {
			c.lines("small", 4*kib, time.Millisecond)
			c.lines("half", 32*kib, time.Millisecond)
			c.lines("small", 20*kib, time.Millisecond)
		}
		for len(c.served()) < 3000 {
			require.Less(t, time.Since(start), time.Minute, "%d of 3000 were served", len(c.served()))
			time.Sleep(time.Millisecond)
		}
		require.Less(t, time.Since(start), 3*time.Second)
		require.NotContains(t, c.served(), "whole")
		cancel()
		held.Release()
	})
}

// TestNewHoldersForEver: neither do many of them, who come one after the other.
func TestNewHoldersForEver(t *testing.T) {
	in(t, 64*kib, func(t *testing.T, c *crowd) {
		ctx, cancel := context.WithCancel(t.Context())
		held := []*mem.Buffer{c.hold(1)}
		c.linesUntil(ctx, "whole", 64*kib, 0)
		start := time.Now()
		for range 5 {
			buf, err := c.p.Acquire(ctx, 1)
			require.NoError(t, err)
			held = append(held, buf)
			c.lines("half", 32*kib, time.Millisecond)
			time.Sleep(time.Second)
		}
		require.Less(t, time.Since(start), 10*time.Second)
		require.Len(t, c.served(), 5)
		cancel()
		for _, buf := range held {
			buf.Release()
		}
	})
}

// TestEndlessSmall: small ones that never cease do not keep out a large one, however long
// they hold what they have; nor one that is behind another who waits for ever.
func TestEndlessSmall(t *testing.T) {
	for _, lease := range []time.Duration{time.Millisecond, 90 * time.Millisecond, time.Second, time.Minute} {
		for _, size := range []int{56 * kib, 40 * kib, 20 * kib} {
			for _, held := range []int{1, 40 * kib} {
				if size+held > 64*kib {
					continue
				}
				for _, ahead := range []int{0, 1} {
					waited := endlessSmall(t, lease, size, held, ahead)
					require.Less(t, waited, 20*(lease+time.Second), "lease %v, size %d, %d held, %d ahead", lease, size, held, ahead)
				}
			}
		}
	}
}

// endlessSmall returns how long a request of the given size waits among 24 goroutines that
// lease 4 KiB again and again, while some bytes are held for ever. So many requests for
// everything are before it, which cannot be met. It gives up in the end.
func endlessSmall(t *testing.T, lease time.Duration, size, held, ahead int) (waited time.Duration) {
	in(t, 64*kib, func(t *testing.T, c *crowd) {
		forEver := c.hold(held)
		ctx, cancel := context.WithTimeout(t.Context(), 21*(lease+time.Second))
		for range ahead {
			c.linesUntil(ctx, "whole", 64*kib, 0)
		}
		for i := range 24 {
			c.wg.Go(func() {
				time.Sleep(time.Duration(i) * lease / 24)
				for ctx.Err() == nil {
					buf, err := c.p.Acquire(ctx, 4*kib)
					if err != nil {
						return
					}
					time.Sleep(lease)
					buf.Release()
				}
			})
		}
		time.Sleep(lease)
		start := time.Now()
		buf, err := c.p.Acquire(ctx, size)
		waited = time.Since(start)
		cancel()
		if err == nil {
			buf.Release()
		}
		forEver.Release()
	})
	return waited
}
