package server

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
)

// places bounds the transfers of one direction: first come, first served, since nobody is to
// wait for ever. (x/sync's semaphore is FIFO.)
type places struct {
	sem       *semaphore.Weighted
	wait      time.Duration
	direction string
	m         *metrics.Metrics
}

func newPlaces(n int, wait time.Duration, direction string, m *metrics.Metrics) *places {
	m.Places.WithLabelValues(direction).Set(float64(n))
	return &places{semaphore.NewWeighted(int64(n)), wait, direction, m}
}

// take returns a function that gives the place back. A client would rather wait than be sent
// away, but after 30 seconds of silence it gives up.
func (p *places) take(ctx context.Context) (release func(), err error) {
	if !p.sem.TryAcquire(1) {
		waiting := p.m.Waiting.WithLabelValues(p.direction)
		waiting.Inc()
		began := time.Now()
		bound, cancel := context.WithTimeout(ctx, p.wait)
		err := p.sem.Acquire(bound, 1)
		cancel()
		waiting.Dec()
		p.m.Waits.WithLabelValues(p.direction).Observe(time.Since(began).Seconds())
		if err != nil {
			return nil, &problem{status: http.StatusTooManyRequests, message: "Too many transfers are running. Come again.",
				cause: metrics.CauseBusy, after: busyAfter, err: err}
		}
	}
	taken := p.m.Taken.WithLabelValues(p.direction)
	taken.Inc()
	return func() {
		taken.Dec()
		p.sem.Release(1)
	}, nil
}
