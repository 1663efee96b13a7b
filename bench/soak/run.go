package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"github.com/s3pool/s3pool"
)

// idleLimit is how long nobody may stand still.
const idleLimit = 20 * time.Second

// A Result is what a scenario has been through.
type Result struct {
	Scenario  string
	Took      time.Duration
	Done      int64 // transfers that succeeded, every byte of them compared
	Failed    int64 // that failed, which their faults explain
	Requests  int64 // that reached the proxy
	Faults    int64 // of these, that something was done to
	Waits     uint64
	Resumes   uint64
	Peak      int64         // the most bytes on lease
	LongestOf time.Duration // the longest that a worker has stood still
	Growth    float64       // MiB that resident memory grew in an hour, after the warm-up; 0 if it was too short to tell
}

// Run plays a scenario for a time. Its error says what must not have been.
func Run(ctx context.Context, sc Scenario, d time.Duration, seed uint64) (r Result, err error) {
	r.Scenario = sc.Name
	dir, err := os.MkdirTemp("", "s3pool-soak-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	before := runtime.NumGoroutine()
	w := newWorld(sc, seed, dir)
	workers := make([]*worker, sc.Workers)
	ctx, stop := context.WithTimeoutCause(ctx, d, errOver)
	defer stop()

	start := time.Now()
	var first error
	var once sync.Once
	fail := func(err error) {
		once.Do(func() { first = err; stop() })
	}
	var crew, watchers sync.WaitGroup
	for i := range workers {
		workers[i] = newWorker(w, i, seed)
		crew.Go(func() {
			if err := workers[i].work(ctx); err != nil {
				fail(err)
			}
		})
	}
	watch := &watch{world: w, workers: workers}
	watched, done := context.WithCancel(context.Background())
	watchers.Go(func() { watch.run(watched, fail) })
	crew.Wait()
	done()
	watchers.Wait()

	r.Took = time.Since(start)
	for _, x := range workers {
		r.Done += x.done.Load()
		r.Failed += x.failed.Load()
		r.LongestOf = max(r.LongestOf, time.Duration(x.idleMax.Load()))
	}
	stats := w.client.Stats()
	r.Requests, r.Faults, r.Resumes, r.Peak = w.requests.Load(), watch.faults+w.faults.Stats().Faults, stats.Resumes, watch.peak
	r.Waits, r.Growth = w.pool.Stats().Waits, watch.growth()
	return r, errors.Join(first, interrupted(ctx), w.close(), w.idle(), left(before), watch.verdict(r))
}

// errOver is that the scenario's time is over, as it should be.
var errOver = errors.New("the time is over")

// interrupted returns why the scenario ended before its time, if it did.
func interrupted(ctx context.Context) error {
	if err := context.Cause(ctx); err != errOver {
		return err
	}
	return nil
}

// idle returns an error unless the gauges are back at zero.
func (w *world) idle() error {
	p, c := w.pool.Stats(), w.client.Stats()
	if p.Leased != 0 || p.Waiting != 0 || p.Leaked != 0 || p.Class("scratch").Leased != 0 {
		return fmt.Errorf("the pool is not idle: %s", describe(p))
	}
	if c.Requests != 0 || c.RequestsWaiting != 0 || c.Aborting != 0 {
		return fmt.Errorf("the client is not idle: %+v", c)
	}
	return nil
}

func describe(p s3pool.Stats) string {
	return fmt.Sprintf("%d of %d bytes leased, %d idle, %d waiting, %d leaked, scratch %+v", p.Leased, p.MaxBytes, p.Idle, p.Waiting, p.Leaked, p.Class("scratch"))
}

// left returns an error if there are more goroutines than before. One that has done its work
// may need a moment to end.
func left(before int) error {
	for pause := time.Millisecond; runtime.NumGoroutine() > before; pause *= 2 {
		if pause > 4*time.Second {
			return fmt.Errorf("%d goroutines are left, of %d before:\n%s", runtime.NumGoroutine(), before, stacks())
		}
		time.Sleep(pause)
	}
	return nil
}

func stacks() string {
	var b bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&b, 1) // a buffer takes all
	return strings.TrimSpace(b.String())
}
