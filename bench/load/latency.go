package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency is the quantiles of some requests.
type Latency struct{ P50, P90, P99, P999, Max time.Duration }

// The histogram tells times from 1 µs to 10 minutes apart in three digits.
const (
	leastLatency = 1
	mostLatency  = int64(10 * time.Minute / time.Microsecond)
	digits       = 3
)

// latencies collects times. It is safe for concurrent use.
type latencies struct {
	mu   sync.Mutex
	hist *hdrhistogram.Histogram
}

func newLatencies() *latencies {
	return &latencies{hist: hdrhistogram.New(leastLatency, mostLatency, digits)}
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	us := min(max(d.Microseconds(), leastLatency), mostLatency)
	if err := l.hist.RecordValue(us); err != nil {
		panic(err) // it is within the bounds
	}
}

func (l *latencies) quantiles() Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := func(q float64) time.Duration { return time.Duration(l.hist.ValueAtQuantile(q)) * time.Microsecond }
	return Latency{at(50), at(90), at(99), at(99.9), at(100)}
}
