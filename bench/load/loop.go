package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3pool/s3pool/bench/rival"
)

// loop gives an API server its load.
type loop struct {
	api  *API
	plan Plan
	keys map[rival.Size]string
	next func() rival.Size

	start   time.Time // of what counts
	all     *latencies
	line    *line
	pending atomic.Int64
	done    atomic.Int64

	failed  sync.Once
	failure error
	cancel  context.CancelFunc
}

const (
	// usualEvery is how often the server's memory is looked at where no line is asked for.
	usualEvery = 100 * time.Millisecond

	// patience is how far an open loop's server may fall behind before the load is ended.
	patience = 5 * time.Second
)

func (l *loop) run(ctx context.Context) (*Run, error) {
	ctx, l.cancel = context.WithCancel(ctx)
	defer l.cancel()
	l.start = time.Now().Add(l.plan.Warm)
	l.all = newLatencies()
	every := l.plan.Every
	if every <= 0 {
		every = usualEvery
	}
	l.line = newLine(l.start, every)

	watched, stop := context.WithCancel(ctx)
	defer stop()
	var others sync.WaitGroup
	others.Go(func() {
		if err := l.line.watch(watched, l.api); err != nil {
			l.fail(err)
		}
	})
	if l.plan.Change > 0 {
		others.Go(func() {
			if sleepUntil(watched, l.start.Add(l.plan.Change)) {
				if err := l.api.Use(ctx, 1); err != nil {
					l.fail(err)
				}
			}
		})
	}
	late := false
	if l.plan.Rate > 0 {
		late = l.open(ctx)
	} else {
		l.closed(ctx)
	}
	took := time.Since(l.start)
	stop()
	others.Wait()
	if l.failure != nil {
		return nil, l.failure
	}
	if err := ctx.Err(); err != nil && !late {
		return nil, err
	}
	if len(l.line.usage) == 0 {
		return nil, errors.New("the run was too short to be looked at")
	}
	after, err := l.api.Usage(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	l.line.end(took, after)
	return l.result(took, late, after), nil
}

func (l *loop) result(took time.Duration, late bool, after Usage) *Run {
	before := l.line.usage[0]
	r := &Run{
		Rate: l.plan.Rate, Clients: l.plan.Clients, Took: took, Late: late,
		Requests: l.done.Load(), Latency: l.all.quantiles(),
		CPU: after.CPU - before.CPU, GCCPU: after.GCCPU - before.GCCPU, GCs: after.GCs - before.GCs,
		Pauses: after.Pauses - before.Pauses, MaxPause: after.MaxPause,
		Allocated: after.Allocated - before.Allocated, Bytes: after.Bytes - before.Bytes,
		RSS: l.line.meanRSS(), PeakRSS: after.PeakRSS,
	}
	if l.plan.Every > 0 {
		r.Line = l.line.points()
	}
	return r
}

// open makes requests when they are due, whatever becomes of those before. It reports
// whether the server has fallen too far behind.
func (l *loop) open(ctx context.Context) (late bool) {
	begin := l.start.Add(-l.plan.Warm)
	end := l.start.Add(l.plan.For)
	var wg sync.WaitGroup
	for i := 0; ; i++ {
		due := begin.Add(time.Duration(float64(i) / l.plan.Rate * float64(time.Second)))
		if !due.Before(end) || !sleepUntil(ctx, due) {
			break
		}
		if float64(l.pending.Load()) > l.plan.Rate*patience.Seconds()+connections {
			late = true
			break
		}
		size := l.next()
		l.pending.Add(1)
		wg.Go(func() {
			defer l.pending.Add(-1)
			l.request(ctx, size, due)
		})
	}
	// What is still under way may take as long as it may be behind.
	timer := time.AfterFunc(2*patience, func() {
		l.failed.Do(func() {}) // from here on failures are ours
		l.cancel()
	})
	wg.Wait()
	return !timer.Stop() || late
}

// closed lets clients ask again as soon as they are answered.
func (l *loop) closed(ctx context.Context) {
	end := l.start.Add(l.plan.For)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range l.plan.Clients {
		wg.Go(func() {
			for ctx.Err() == nil {
				due := time.Now()
				if !due.Before(end) {
					return
				}
				mu.Lock()
				size := l.next()
				mu.Unlock()
				l.request(ctx, size, due)
			}
		})
	}
	wg.Wait()
}

// request makes one request, and notes how long it took since it was due.
func (l *loop) request(ctx context.Context, size rival.Size, due time.Time) {
	err := l.api.Fetch(ctx, l.keys[size], int64(size))
	if err != nil {
		if ctx.Err() == nil {
			l.fail(err)
		}
	}
	if due.Before(l.start) {
		return
	}
	// One that was ended has taken so long at least.
	d := time.Since(due)
	l.all.add(d)
	l.line.add(due, d)
	if err == nil {
		l.done.Add(1)
	}
}

// fail ends the run.
func (l *loop) fail(err error) {
	l.failed.Do(func() {
		l.failure = err
		l.cancel()
	})
}
