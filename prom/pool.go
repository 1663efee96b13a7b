package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/s3pool/s3pool"
)

// NewPoolCollector returns a collector for a pool: its budget, what is on lease, what is idle,
// who waits, and how often memory was used again, by size class. It is safe for concurrent use.
func NewPoolCollector(p *s3pool.Pool, name string) prometheus.Collector {
	d := describe(name)
	return &poolCollector{
		p:        p,
		budget:   d("pool_budget_bytes", "Bytes that may be on lease at one time, 0 for no bound."),
		leased:   d("pool_leased_bytes", "Bytes on lease."),
		idle:     d("pool_idle_bytes", "Bytes kept for reuse."),
		waiting:  d("pool_waiting", "Goroutines waiting for the budget."),
		waits:    d("pool_waits_total", "Acquisitions that had to wait for the budget."),
		waitTime: d("pool_wait_seconds_total", "Time waited for the budget, in seconds."),
		leaked:   d("pool_leaked_total", "Buffers that became unreachable before they were released."),
		acquires: d("pool_acquires_total", "Leases given.", "class"),
		misses:   d("pool_misses_total", "Leases on fresh memory.", "class"),
		class:    d("pool_class_leased_bytes", "Bytes on lease, by size class.", "class"),
	}
}

type poolCollector struct {
	p *s3pool.Pool

	budget, leased, idle, waiting, waits, waitTime, leaked, acquires, misses, class *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *poolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.budget, c.leased, c.idle, c.waiting, c.waits, c.waitTime, c.leaked, c.acquires, c.misses, c.class,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *poolCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.p.Stats()
	gauge(ch, c.budget, float64(s.MaxBytes))
	gauge(ch, c.leased, float64(s.Leased))
	gauge(ch, c.idle, float64(s.Idle))
	gauge(ch, c.waiting, float64(s.Waiting))
	counter(ch, c.waits, float64(s.Waits))
	counter(ch, c.waitTime, s.WaitTime.Seconds())
	counter(ch, c.leaked, float64(s.Leaked))
	for _, class := range s.Classes {
		counter(ch, c.acquires, float64(class.Acquires), class.Name)
		counter(ch, c.misses, float64(class.Misses), class.Name)
		gauge(ch, c.class, float64(class.Leased), class.Name)
	}
}
