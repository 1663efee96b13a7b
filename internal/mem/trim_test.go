package mem

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

// TestTrimReachesEveryProcessor: what exists, on lease or idle, stays within the budget, wherever the idle
// blocks are: those that another processor keeps for itself included.
func TestTrimReachesEveryProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(4, runtime.GOMAXPROCS(0))))
	const budget = 1 << 20
	p := New(budget)
	for range 200 {
		var leased, done sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		leased.Add(workers)
		for range workers {
			done.Go(func() {
				n := 1 + rand.IntN(budget/workers*3/4)
				b, ok := p.TryAcquire(n)
				leased.Done()
				for !ok { // all of them fit
					b, ok = p.TryAcquire(n)
				}
				leased.Wait() // so that each has a processor of its own
				b.Release()
			})
		}
		done.Wait()
		require.LessOrEqual(t, p.resident.Load(), int64(budget))
	}
	var live int64
	for i := range p.classes {
		for _, u := range p.classes[i].live {
			live += int64(u.size)
		}
	}
	require.Equal(t, p.resident.Load(), live, "counted and on the books")

	// All of it can be had at once.
	whole, ok := p.TryAcquire(budget)
	require.True(t, ok)
	require.LessOrEqual(t, p.resident.Load(), int64(budget))
	whole.Release()
}

// TestStripped: a block whose memory has been taken is never lent again.
func TestStripped(t *testing.T) {
	p := New(1 << 20)
	a, _ := p.TryAcquire(1 << 20)
	a.Release()
	c := p.classFor(1 << 20)
	p.resident.Add(1) // too much, by a Growth that makes a block
	c.stripIdle()
	p.resident.Add(-1)
	require.Zero(t, p.resident.Load())
	require.Empty(t, c.live)
	b, ok := p.TryAcquire(1 << 20)
	require.True(t, ok)
	require.Equal(t, 1<<20, len(b.Bytes()))
	b.Bytes()[0] = 1
	require.EqualValues(t, 2, p.Stats().Classes[0].Acquires)
	b.Release()
}
