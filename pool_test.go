package s3pool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/require"
)

func TestAcquireRelease(t *testing.T) {
	p := newPool(t)
	for _, n := range []int{0, 1, 4*kib - 1, 4 * kib, 4*kib + 1, 5 * mib, 64 * mib, 64*mib + 1} {
		b, err := p.Acquire(t.Context(), n)
		require.NoError(t, err)
		require.Len(t, b.Bytes(), n)
		require.Equal(t, n, cap(b.Bytes()), "append must not run into the slack")
		require.GreaterOrEqual(t, p.Stats().Leased, int64(n))
		b.Release()
		require.Zero(t, p.Stats().Leased)
	}
}

func TestStatsCountsByClass(t *testing.T) {
	p := newPool(t)
	a, _ := p.Acquire(t.Context(), 100*kib) // the class of 112 KiB
	b, _ := p.Acquire(t.Context(), 112*kib)
	s := p.Stats()
	require.Equal(t, []s3pool.ClassStats{{Name: "114688", Size: 112 * kib, Acquires: 2, Misses: 2, Leased: 224 * kib}}, s.Classes)
	require.EqualValues(t, 224*kib, s.Leased)
	a.Release()
	b.Release()

	s = p.Stats()
	require.Zero(t, s.Leased)
	if check.Enabled {
		return // sync.Pool drops a quarter of what is put there, so hits vary
	}
	require.EqualValues(t, 224*kib, s.Idle)
	c, _ := p.Acquire(t.Context(), 112*kib)
	defer c.Release()
	require.Equal(t, []s3pool.ClassStats{{Name: "114688", Size: 112 * kib, Acquires: 3, Hits: 1, Misses: 2, Leased: 112 * kib, Idle: 112 * kib}}, p.Stats().Classes)
}

func TestLargeIsCountedButNotKept(t *testing.T) {
	p := newPool(t)
	b, err := p.Acquire(t.Context(), 65*mib)
	require.NoError(t, err)
	require.EqualValues(t, 65*mib, p.Stats().Leased)
	require.EqualValues(t, 65*mib, p.Stats().Class("large").Leased)
	b.Release()
	require.Equal(t, s3pool.ClassStats{Name: "large", Acquires: 1, Misses: 1}, p.Stats().Class("large"))
}

func TestIdleMemoryGoesBackToTheCollector(t *testing.T) {
	p := newPool(t)
	b, _ := p.Acquire(t.Context(), mib)
	b.Release()
	for p.Stats().Idle > 0 { // sync.Pool takes two collections, a cleanup runs after them
		runtime.GC()
	}
	s := p.Stats().Classes
	require.Len(t, s, 1)
	require.EqualValues(t, 1, s[0].Acquires, "the count outlives the block")
	require.EqualValues(t, 1, s[0].Misses)
}

func TestLeakIsCountedAndItsBudgetComesBack(t *testing.T) {
	p := s3pool.NewPool(withBudget(mib))
	func() {
		b, err := p.Acquire(t.Context(), mib)
		require.NoError(t, err)
		b.Bytes()[0] = 1
	}()
	_, ok := p.TryAcquire(1)
	require.False(t, ok, "the leaked buffer holds the whole budget")
	for p.Stats().Leaked == 0 {
		runtime.GC()
	}
	b, err := p.Acquire(t.Context(), mib) // waits, if need be, for the refund
	require.NoError(t, err)
	b.Release()
	s := p.Stats()
	require.EqualValues(t, 1, s.Leaked)
	require.Zero(t, s.Leased)
	if check.Enabled {
		require.Len(t, s.LeakSites, 1)
		require.Contains(t, s.LeakSites[0], "TestLeakIsCounted")
	}
}

func TestBudgetIsFIFO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(16*kib))
		first, err := p.Acquire(t.Context(), 16*kib)
		require.NoError(t, err)

		var order []int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, n := range []int{16 * kib, 4 * kib, 16 * kib, 4 * kib} {
			wg.Go(func() {
				b, err := p.Acquire(t.Context(), n)
				if !assertNoError(t, err) {
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				b.Release()
			})
			synctest.Wait() // queued
		}
		_, ok := p.TryAcquire(1)
		require.False(t, ok)
		require.Equal(t, 4, p.Stats().Waiting)
		first.Release()
		wg.Wait()
		require.Equal(t, []int{0, 1, 2, 3}, order, "small requests do not overtake large ones")
		require.EqualValues(t, 4, p.Stats().Waits)
	})
}

func TestCancelFreesThePlaceInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(16*kib))
		held, err := p.Acquire(t.Context(), 12*kib)
		require.NoError(t, err)

		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := p.Acquire(ctx, 16*kib) // blocks the queue
			if err == nil || !errors.Is(err, context.Canceled) {
				t.Errorf("Acquire returned %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		got := make(chan struct{})
		wg.Go(func() {
			b, err := p.Acquire(t.Context(), 4*kib) // would fit, but stands behind
			if assertNoError(t, err) {
				b.Release()
			}
			close(got)
		})
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("the second waiter overtook the first")
		default:
		}
		cancel()
		<-got // the budget still has 4 KiB: no release was needed
		wg.Wait()
		held.Release()
	})
}

// TestBudgetUnderLoad is the acceptance test of the budget: never over it, and
// nobody starves. Time is virtual and every lease is held for one millisecond, so
// a wait of n milliseconds means that n leases were served before: first come,
// first served allows each other goroutine one of them.
func TestBudgetUnderLoad(t *testing.T) {
	const (
		budget     = 16 * mib
		goroutines = 64
		rounds     = 50
	)
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(budget))
		var leased, grants, cancelled, longest atomic.Int64
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(g)))
				for range rounds {
					n := 4*kib + rng.IntN(8*mib-4*kib+1)
					ctx, cancel := t.Context(), context.CancelFunc(func() {})
					if rng.IntN(4) == 0 {
						ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.IntN(30))*time.Millisecond)
					}
					start := time.Now()
					b, err := p.Acquire(ctx, n)
					waited := int64(time.Since(start) / time.Millisecond)
					cancel()
					if err != nil {
						if !errors.Is(err, context.DeadlineExceeded) {
							t.Error(err)
						}
						cancelled.Add(1)
						continue
					}
					grants.Add(1)
					for w := longest.Load(); waited > w && !longest.CompareAndSwap(w, waited); w = longest.Load() {
					}
					class := (*mem.Pool)(p).Charge(n)
					if now := leased.Add(class); now > budget {
						t.Errorf("%d bytes leased with a budget of %d", now, budget)
					}
					if s := p.Stats().Leased; s > budget {
						t.Errorf("Stats says %d leased with a budget of %d", s, budget)
					}
					b.Bytes()[n-1] = 1
					time.Sleep(time.Millisecond) // virtual
					leased.Add(-class)
					b.Release()
				}
			})
		}
		wg.Wait()
		s := p.Stats()
		require.Less(t, longest.Load(), int64(goroutines), "leases served during one wait")
		require.NotZero(t, s.Waits)
		require.NotZero(t, cancelled.Load())
		t.Logf("%d leases, %d cancelled; %d waits, the longest behind %d leases",
			grants.Load(), cancelled.Load(), s.Waits, longest.Load())
	})
}

func TestBadInput(t *testing.T) {
	p := newPool(t, withBudget(mib))

	t.Run("negative size", func(t *testing.T) {
		_, err := p.Acquire(t.Context(), -1)
		require.EqualError(t, err, "s3pool: Acquire: negative size -1")
		_, ok := p.TryAcquire(-1)
		require.False(t, ok)
		require.PanicsWithValue(t, "s3pool: GetBufioReader: negative size -1", func() { p.GetBufioReader(nil, -1) })
		require.PanicsWithValue(t, "s3pool: GetBufioWriter: negative size -1", func() { p.GetBufioWriter(nil, -1) })
	})
	t.Run("negative budget", func(t *testing.T) {
		require.PanicsWithValue(t, "s3pool: NewPool: MaxBytes is -1; it must be positive, or zero for no bound",
			func() { s3pool.NewPool(withBudget(-1)) })
	})
	t.Run("larger than the budget", func(t *testing.T) {
		_, err := p.Acquire(t.Context(), mib+1)
		require.ErrorIs(t, err, s3pool.ErrTooLarge)
		require.ErrorContains(t, err, "a buffer of 1310720 bytes is larger than the pool's budget of 1048576 bytes")
		_, err = p.Acquire(t.Context(), 65*mib)
		require.ErrorIs(t, err, s3pool.ErrTooLarge)
		_, ok := p.TryAcquire(mib + 1)
		require.False(t, ok)
	})
	t.Run("a budget that no class fits is still usable to its last byte", func(t *testing.T) {
		p := newPool(t, withBudget(1000))
		b, err := p.Acquire(t.Context(), 1000)
		require.NoError(t, err)
		require.EqualValues(t, 1000, p.Stats().Leased)
		b.Release()
	})
	t.Run("double release", func(t *testing.T) {
		b, _ := p.Acquire(t.Context(), 1)
		b.Release()
		require.PanicsWithValue(t, "s3pool: Buffer released twice", b.Release)
	})
	t.Run("use after release", func(t *testing.T) {
		b, _ := p.Acquire(t.Context(), 1)
		b.Release()
		require.PanicsWithValue(t, "s3pool: Bytes of a Buffer that has been released", func() { b.Bytes() })
	})
	t.Run("nil pool", func(t *testing.T) {
		var p *s3pool.Pool
		require.PanicsWithValue(t, "s3pool: Acquire on a nil *Pool; use NewPool or DefaultPool", func() { p.Acquire(t.Context(), 1) })
		require.PanicsWithValue(t, "s3pool: Stats on a nil *Pool; use NewPool or DefaultPool", func() { p.Stats() })
		require.PanicsWithValue(t, "s3pool: NewDownloader on a nil *Pool; use NewPool or DefaultPool", func() { p.NewDownloader(nil) })
		require.PanicsWithValue(t, "s3pool: NewUploader on a nil *Pool; use NewPool or DefaultPool", func() { p.NewUploader(nil) })
		require.PanicsWithValue(t, "s3pool: Acquire on a zero Pool; use NewPool or DefaultPool", func() { new(s3pool.Pool).Acquire(t.Context(), 1) })
	})
	t.Run("block size", func(t *testing.T) {
		require.PanicsWithValue(t, "s3pool: NewProvider: BlockSize is -1; it must be positive, or zero for 1 MiB", func() {
			s3pool.NewProvider(func(o *s3pool.ProviderOptions) { o.BlockSize = -1 })
		})
	})
}

// TestWriteAfterReleaseIsCaught holds for debug builds: the race detector and
// the tag s3pooldebug.
func TestWriteAfterReleaseIsCaught(t *testing.T) {
	if !check.Enabled {
		return
	}
	p := s3pool.NewPool()
	// sync.Pool drops some of what it is given under race: try until one comes back.
	for range 100 {
		b, _ := p.Acquire(t.Context(), 5000)
		late := b.Bytes()
		b.Release()
		require.EqualValues(t, check.PoisonByte, late[17], "a released buffer is poisoned")
		late[17] = 'x'
		var caught any
		func() {
			defer func() { caught = recover() }()
			b, _ := p.Acquire(t.Context(), 5000)
			b.Release()
		}()
		if caught != nil {
			require.Contains(t, caught, "s3pool: byte 17 of a buffer of 5120 bytes was written after the buffer was released")
			require.Contains(t, caught, "TestWriteAfterReleaseIsCaught", "the acquire site is named")
			return
		}
	}
	t.Fatal("a write after release was never seen")
}

func TestAcquireAllocatesTheHandleOnly(t *testing.T) {
	if check.Enabled {
		return // debug builds record stacks, and sync.Pool drops Puts under race
	}
	for name, p := range map[string]*s3pool.Pool{"plain": newPool(t), "budget": newPool(t, withBudget(64*mib))} {
		ctx := t.Context()
		allocs := testing.AllocsPerRun(1000, func() {
			b, err := p.Acquire(ctx, 100*kib)
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
		})
		require.LessOrEqual(t, allocs, 1.0, name)
	}
}

// TestLargeIdleBlocksAreFoundEverywhere: a block that one processor has released is not
// missed by another.
func TestLargeIdleBlocksAreFoundEverywhere(t *testing.T) {
	if check.Enabled {
		return // sync.Pool drops Puts under race
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p := newPool(t)
	const turns = 1000
	n := int64(runtime.GOMAXPROCS(0))
	var turn atomic.Int64
	var g sync.WaitGroup
	for me := range n {
		g.Go(func() {
			// All are awake all the time, so that each is on a processor of its own.
			for now := turn.Load(); now < turns; now = turn.Load() {
				if now%n != me {
					runtime.Gosched()
					continue
				}
				if b, err := p.Acquire(t.Context(), 2*mib); assertNoError(t, err) {
					b.Release()
				}
				turn.Add(1)
			}
		})
	}
	g.Wait()
	c := p.Stats().Classes
	require.Len(t, c, 1)
	require.EqualValues(t, turns, c[0].Acquires)
	require.EqualValues(t, 1, c[0].Misses)
}

func BenchmarkAcquireRelease(b *testing.B) {
	for _, bench := range []struct {
		name string
		pool *s3pool.Pool
	}{
		{"budget=no", s3pool.NewPool()},
		{"budget=yes", s3pool.NewPool(withBudget(1 << 30))},
	} {
		b.Run(bench.name+"/goroutines=1", func(b *testing.B) {
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				buf, err := bench.pool.Acquire(ctx, mib)
				if err != nil {
					b.Fatal(err)
				}
				buf.Release()
			}
		})
		b.Run(bench.name+"/goroutines=GOMAXPROCS", func(b *testing.B) {
			ctx := b.Context()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					buf, err := bench.pool.Acquire(ctx, mib)
					if err != nil {
						b.Error(err)
						return
					}
					buf.Release()
				}
			})
		})
	}
}
