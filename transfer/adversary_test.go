package transfer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/require"
)

// TestAdversary plays scenes at random: some calls at once, against a store that lies,
// breaks, says nothing or changes its objects, over few connections, with little
// memory, for callers who stop, cancel or misbehave. Whatever happens, no call hangs,
// nothing is left behind, nobody panics but the caller, and a success is right.
//
// S3POOL_ROUNDS is the number of calls, whose scenes then have seeds of their own;
// S3POOL_SEED plays one scene again; S3POOL_ADVERSARY chooses among the classes, by names
// with commas between, or "all".
func TestAdversary(t *testing.T) {
	rounds, first := int64(300), uint64(1)
	if v := os.Getenv("S3POOL_ROUNDS"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		require.NoError(t, err)
		rounds, first = n, uint64(time.Now().UnixNano())
	}
	workers := runtime.GOMAXPROCS(0)
	if v := os.Getenv("S3POOL_SEED"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		require.NoError(t, err)
		rounds, first, workers = 1, n, 1
	}
	// The trace of a panic in a goroutine of ours has the scene's seed in it.
	old := os.Getenv("GODEBUG")
	os.Setenv("GODEBUG", "tracebacklabels=1,"+old)
	stop := watch(t)
	t.Cleanup(func() {
		stop()
		os.Setenv("GODEBUG", old)
	})

	var seeds atomic.Uint64
	seeds.Store(first)
	var played atomic.Int64
	var outcomes tally
	t.Run("scenes", func(t *testing.T) {
		for range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for played.Load() < rounds && !t.Failed() {
					seed := seeds.Add(1) - 1
					pprof.Do(t.Context(), pprof.Labels("seed", strconv.FormatUint(seed, 10)), func(context.Context) {
						synctest.Test(t, func(t *testing.T) {
							s := newScene(seed)
							s.play(t)
							played.Add(int64(len(s.calls)))
							outcomes.add(s)
						})
					})
				}
			})
		}
	})
	t.Logf("%d calls; first seed %d\n%v", played.Load(), first, &outcomes)
}

// events counts what happens in all scenes: requests, bytes that move, ends of calls.
var events atomic.Int64

// quiet is how long nothing may happen before the watch calls it a standstill. Time
// in a scene is virtual: what waits there does not take any, but a loop does.
const quiet = time.Minute

// watch ends the program with the stacks of all goroutines when nothing happens any
// more. The function it returns ends the watch.
func watch(t *testing.T) func() {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(quiet)
		defer tick.Stop()
		for last := int64(-1); ; {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			now := events.Load()
			if now == last {
				fmt.Fprintf(os.Stderr, "%s: nothing has happened for %v: a loop without an end?\n%s\n", t.Name(), quiet, stacks())
				os.Exit(2)
			}
			last = now
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

var stackBuffer = sync.Pool{New: func() any { return new([1 << 20]byte) }}

// stacks returns the stacks of all goroutines, or of as many as fit.
func stacks() string {
	buf := stackBuffer.Get().(*[1 << 20]byte)
	defer stackBuffer.Put(buf)
	return string(buf[:runtime.Stack(buf[:], true)])
}

// A tally counts how calls have ended.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (o *tally) add(s *scene) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n == nil {
		o.n = map[string]int{}
	}
	for _, c := range s.calls {
		o.n[c.kind+" "+c.outcome]++
	}
}

func (o *tally) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprint(o.n)
}

// pick returns one of list.
func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }
