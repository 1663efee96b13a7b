package load

import (
	"context"
	"sync"
	"time"
)

// A Point is a short time of a run.
type Point struct {
	At        time.Duration // its middle, since the first request that counts
	Requests  int           // that were due in it
	Latency   Latency       // of these
	CPU       float64       // processors in use
	GCs       float64       // collections in a second
	RSS       int64         // bytes resident at its end
	Allocated float64       // bytes in a second
}

// line collects a run's points.
type line struct {
	start time.Time
	every time.Duration

	mu   sync.Mutex
	late map[int]*latencies // by interval

	usage []Usage
}

func newLine(start time.Time, every time.Duration) *line {
	return &line{start: start, every: every, late: map[int]*latencies{}}
}

// add notes a request that was due and took d.
func (l *line) add(due time.Time, d time.Duration) {
	i := int(due.Sub(l.start) / l.every)
	l.mu.Lock()
	h := l.late[i]
	if h == nil {
		h = newLatencies()
		l.late[i] = h
	}
	l.mu.Unlock()
	h.add(d)
}

// watch asks the server for its usage after every interval until ctx ends.
func (l *line) watch(ctx context.Context, api *API) error {
	for i := 0; ; i++ {
		if !sleepUntil(ctx, l.start.Add(time.Duration(i)*l.every)) {
			return nil
		}
		u, err := api.Usage(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		l.usage = append(l.usage, u)
	}
}

// end adds the usage after the last interval, if the run's end was quicker than watch.
func (l *line) end(took time.Duration, u Usage) {
	if len(l.usage) == int(took/l.every) {
		l.usage = append(l.usage, u)
	}
}

func (l *line) points() []Point {
	var list []Point
	for i := 1; i < len(l.usage); i++ {
		a, b := l.usage[i-1], l.usage[i]
		took := b.At.Sub(a.At).Seconds()
		p := Point{
			At:        l.every*time.Duration(i) - l.every/2,
			CPU:       (b.CPU - a.CPU).Seconds() / took,
			GCs:       float64(b.GCs-a.GCs) / took,
			RSS:       b.RSS,
			Allocated: float64(b.Allocated-a.Allocated) / took,
		}
		if h := l.late[i-1]; h != nil {
			p.Requests, p.Latency = int(h.hist.TotalCount()), h.quantiles()
		}
		list = append(list, p)
	}
	return list
}

// meanRSS is the mean of what was resident.
func (l *line) meanRSS() int64 {
	var sum int64
	for _, u := range l.usage {
		sum += u.RSS
	}
	return sum / max(int64(len(l.usage)), 1)
}

// sleepUntil reports whether it has slept until then, and not until ctx ended.
func sleepUntil(ctx context.Context, then time.Time) bool {
	d := time.Until(then)
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
