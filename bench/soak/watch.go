package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// watch looks at a scenario while it runs.
type watch struct {
	*world
	workers []*worker

	peak   int64 // the most bytes on lease
	faults int64 // counted before the last reset of the statistics
	start  time.Time
	rss    []sample
}

// A sample is what was resident at a moment.
type sample struct {
	at  time.Duration
	mib float64
}

const (
	looks     = 10 * time.Millisecond // between two looks at the pool
	seldom    = time.Second           // between two looks at the rest
	leftovers = 30 * time.Second      // the age at which a failed upload is removed
)

// run watches until ctx ends, and fails for what must not be.
func (w *watch) run(ctx context.Context, fail func(error)) {
	w.start = time.Now()
	fast, slow := time.NewTicker(looks), time.NewTicker(seldom)
	defer fast.Stop()
	defer slow.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-fast.C:
			p := w.pool.Stats()
			w.peak = max(w.peak, p.Leased)
			if p.Leased > p.MaxBytes {
				fail(fmt.Errorf("more than the budget is on lease: %s", describe(p)))
			}
		case <-slow.C:
			if err := w.standstill(); err != nil {
				fail(err)
				return
			}
			w.sweep(ctx, leftovers)
			w.faults += w.world.faults.Stats().Faults
			w.world.faults.ResetStats()
			w.rss = append(w.rss, sample{time.Since(w.start), resident()})
		}
	}
}

// standstill returns an error that says who waits for what, if a worker has stood still for
// too long. The workers cannot be ended then: the process is.
func (w *watch) standstill() error {
	var b strings.Builder
	late := false
	for _, x := range w.workers {
		what := x.what.Load()
		if what == nil {
			continue
		}
		still := time.Since(time.Unix(0, x.moved.Load()))
		late = late || still > idleLimit
		fmt.Fprintf(&b, "worker %d: %s, transfer %d, nothing for %v\n", x.id, *what, x.done.Load()+x.failed.Load(), still.Round(time.Millisecond))
	}
	if !late {
		return nil
	}
	fmt.Fprintf(os.Stderr, "%s: a worker stands still.\n%spool: %s\nclient: %+v\n%s\n", w.sc.Name, b.String(), describe(w.pool.Stats()), w.client.Stats(), stacks())
	return errors.New("a worker has stood still for " + idleLimit.String())
}

// warm is the share of a scenario that does not count for its memory.
const warm = 0.3

// least is how long a scenario has to be for its memory to be judged.
const least = 2 * time.Minute

// growth returns by how many MiB resident memory grew in an hour, by the line through its
// samples after the warm-up that fits best.
func (w *watch) growth() float64 {
	if len(w.rss) == 0 || w.rss[len(w.rss)-1].at < least {
		return 0
	}
	return slope(w.rss[int(warm*float64(len(w.rss))):])
}

// slope returns the slope of the line of least squares, in MiB for each hour.
func slope(list []sample) float64 {
	var x, y, xx, xy, n float64
	for _, s := range list {
		h := s.at.Hours()
		x, y, xx, xy, n = x+h, y+s.mib, xx+h*h, xy+h*s.mib, n+1
	}
	d := n*xx - x*x
	if d == 0 {
		return 0
	}
	return (n*xy - x*y) / d
}

// grown is by how many MiB memory may seem to grow over the time that was looked at: what is
// resident goes up and down with the collector by more than this.
const grown = 24

// verdict returns an error if memory has grown, or if next to nothing succeeded.
func (w *watch) verdict(r Result) error {
	if r.Growth*r.Took.Hours()*(1-warm) > grown {
		return fmt.Errorf("resident memory grows by %.0f MiB an hour", r.Growth)
	}
	if r.Done == 0 || r.Failed > 3*r.Done {
		return fmt.Errorf("%d transfers succeeded and %d failed: that is no soak", r.Done, r.Failed)
	}
	return nil
}

// resident returns the MiB that are resident, zero where Linux does not tell.
func resident() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	var size, pages float64
	if err == nil {
		fmt.Sscan(string(b), &size, &pages)
	}
	return pages * float64(os.Getpagesize()) / (1 << 20)
}
