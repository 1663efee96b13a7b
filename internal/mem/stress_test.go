package mem_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/require"
)

// A reader holds what it has read ahead until somebody wants it back. Some give it back at
// once, others have a goroutine do so.
type reader struct {
	p     *mem.Pool
	later bool
	wg    *sync.WaitGroup

	mu    sync.Mutex
	ahead mem.Ahead
	bufs  []*mem.Buffer
}

func newReader(p *mem.Pool, later bool, wg *sync.WaitGroup) *reader {
	r := &reader{p: p, later: later, wg: wg}
	r.ahead.Reclaim = r.reclaim
	return r
}

// read reports whether n bytes could be had.
func (r *reader) read(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	buf, ok := r.p.AcquireAhead(n, &r.ahead)
	if ok {
		r.bufs = append(r.bufs, buf)
	}
	return ok
}

func (r *reader) reclaim(n int64) (given int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.bufs) > 0 && given < n {
		buf := r.bufs[0]
		r.bufs = r.bufs[1:]
		given += r.p.Charge(len(buf.Bytes()))
		if r.later {
			r.wg.Go(func() {
				runtime.Gosched()
				r.p.ReleaseAhead(buf, &r.ahead)
			})
		} else {
			r.p.ReleaseAhead(buf, &r.ahead)
		}
	}
	return given
}

// TestStress mixes everything. A lease that is lost, a wake-up that is lost, or memory read
// ahead that is not given back makes all goroutines wait, which the runtime reports: there
// is no timer in this test.
func TestStress(t *testing.T) {
	for seed := range uint64(4) {
		const budget = 1 * mib
		p := mem.New(budget)
		var permanent *mem.Buffer
		most := budget
		if seed%2 == 1 {
			permanent, _ = p.TryAcquire(1)
			most = 896 * kib // the next class is the whole budget
		}
		var wg, later sync.WaitGroup
		var leased atomic.Int64
		use := func(buf *mem.Buffer, rng *rand.Rand) {
			size := p.Charge(len(buf.Bytes()))
			if n := leased.Add(size); n > budget {
				t.Errorf("%d bytes on lease", n)
			}
			for range rng.IntN(4) {
				runtime.Gosched()
			}
			leased.Add(-size)
			buf.Release()
		}
		for g := range uint64(10) {
			r := newReader(p, g%2 == 0, &later)
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, g))
				for range 250 {
					n := 1 + rng.IntN(most)>>rng.IntN(12)
					switch rng.IntN(8) {
					case 0:
						if buf, ok := p.TryAcquire(n); ok {
							use(buf, rng)
						}
					case 1:
						ctx, cancel := context.WithCancel(t.Context())
						wg.Go(cancel)
						if buf, err := p.Acquire(ctx, n); err == nil {
							use(buf, rng)
						}
						cancel()
					case 2:
						grow := p.NewGrowth(n)
						var err error
						for err == nil && len(grow.Bytes()) < n && rng.IntN(8) > 0 {
							err = grow.Grow(t.Context())
						}
						if err != nil || rng.IntN(2) == 0 {
							grow.Release()
						} else {
							grow.Lease(min(n, len(grow.Bytes()))).Release()
						}
					case 3, 4:
						r.read(n)
						p.Touch(&r.ahead)
					default:
						buf, err := p.Acquire(t.Context(), n)
						if err != nil {
							t.Error(err)
							return
						}
						use(buf, rng)
					}
				}
			})
			defer r.reclaim(budget)
		}
		wg.Wait()
		if permanent != nil {
			permanent.Release()
		}
		// Whoever wants everything gets it: nothing has been lost.
		buf, err := p.Acquire(t.Context(), budget)
		require.NoError(t, err)
		later.Wait()
		require.EqualValues(t, budget, p.Stats().Leased)
		require.Zero(t, p.Stats().Waiting)
		buf.Release()
		require.Zero(t, p.Stats().Leased)
	}
}

// TestResident: what is on lease and what is idle are never more than the budget.
func TestResident(t *testing.T) {
	if check.Enabled {
		return // the race detector makes sync.Pool drop blocks; TestStress runs there
	}
	// Until a cleanup has run, blocks that the collector has taken count as idle.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		budget := 1 + rng.IntN(8*mib)
		p := mem.New(int64(budget))
		var wg sync.WaitGroup
		r := newReader(p, false, &wg)
		var held []*mem.Buffer
		var grows []*mem.Growth
		look := func(did string) {
			s := p.Stats()
			s.Idle = s.Large.Idle
			for _, c := range s.Classes {
				s.Idle += c.Idle
			}
			require.LessOrEqual(t, s.Leased+s.Idle, int64(budget), "seed %d: after %s: %d leased, %d idle", seed, did, s.Leased, s.Idle)
		}
		for range 1500 {
			n := rng.IntN(budget+1) >> rng.IntN(10)
			switch rng.IntN(7) {
			case 0, 1:
				if buf, ok := p.TryAcquire(n); ok {
					held = append(held, buf)
				}
				look("TryAcquire")
			case 2, 3:
				for rng.IntN(3) > 0 && len(held) > 0 {
					i := rng.IntN(len(held))
					held[i].Release()
					held[i] = held[len(held)-1]
					held = held[:len(held)-1]
					look("Release")
				}
			case 4:
				r.read(n)
				look("AcquireAhead")
			case 5:
				if g, ok := p.TryReserve(n); ok {
					grows = append(grows, g)
				}
				look("TryReserve")
			case 6:
				r.reclaim(int64(n))
				if len(grows) == 0 {
					continue
				}
				i := rng.IntN(len(grows))
				g := grows[i]
				if len(g.Bytes()) < g.Limit() && rng.IntN(2) == 0 {
					require.NoError(t, g.Grow(t.Context()))
					look("Grow")
					continue
				}
				grows = append(grows[:i], grows[i+1:]...)
				if rng.IntN(2) == 0 {
					held = append(held, g.Lease(min(len(g.Bytes()), n)))
				} else {
					g.Release()
				}
				look("Lease")
			}
		}
		for _, g := range grows {
			g.Release()
		}
		for _, buf := range held {
			buf.Release()
		}
		r.reclaim(int64(budget))
		require.Zero(t, p.Stats().Leased)
		look("all")
	}
}

// TestGrowthFromScratch: the same for one that is charged late.
func TestGrowthFromScratch(t *testing.T) {
	if check.Enabled {
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // as in TestResident
	p := mem.New(8 * mib)
	for size := 4 * kib; size <= 4*mib; size += size / 4 {
		buf, ok := p.TryAcquire(size)
		require.True(t, ok)
		buf.Release()
	}
	g := p.NewGrowth(8 * mib)
	for len(g.Bytes()) < g.Limit() {
		require.NoError(t, g.Grow(t.Context()))
		s := p.Stats()
		require.EqualValues(t, 8*mib, s.Leased)
		for _, c := range s.Classes {
			require.Zero(t, c.Idle, "%d of %d bytes", len(g.Bytes()), g.Limit())
		}
	}
	g.Release()
	require.Zero(t, p.Stats().Leased)
}

// TestReclaim: whoever waits gets what was read ahead, from the one used longest ago.
func TestReclaim(t *testing.T) {
	var wg sync.WaitGroup
	p := mem.New(64 * kib)
	var readers []*reader
	for range 3 {
		r := newReader(p, len(readers) == 1, &wg)
		readers = append(readers, r)
		require.True(t, r.read(4*kib))
		require.True(t, r.read(4*kib))
	}
	require.True(t, readers[0].read(8*kib))
	require.False(t, readers[2].read(1), "half of the budget is out")
	p.Touch(&readers[0].ahead)
	held, ok := p.TryAcquire(32 * kib)
	require.True(t, ok)
	a, err := p.Acquire(t.Context(), 20*kib)
	require.NoError(t, err)
	wg.Wait()
	held.Release()
	require.Len(t, readers[0].bufs, 2, "the one asked last")
	require.Empty(t, readers[1].bufs)
	require.Empty(t, readers[2].bufs)
	a.Release()
	require.True(t, readers[2].read(1))
	for _, r := range readers {
		r.reclaim(64 * kib)
	}
	wg.Wait()
	require.Zero(t, p.Stats().Leased)
}
