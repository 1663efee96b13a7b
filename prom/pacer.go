package prom

import (
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/s3pool/s3pool/prefix"
)

// NewPacerCollector returns a collector for a Pacer: the sums over all prefixes that have a
// rate of their own, which are there always, and the figures of each such prefix, which come
// with the first refusal and go when it is forgotten. A Pacer has PacerOptions.MaxPrefixes of
// them at most; [PacerSums] leaves them out. It is safe for concurrent use.
func NewPacerCollector(p *prefix.Pacer, name string, optFns ...func(*PacerOptions)) prometheus.Collector {
	var o PacerOptions
	for _, fn := range optFns {
		fn(&o)
	}
	d := describe(name)
	labels := []string{"bucket", "prefix", "operation"}
	return &pacerCollector{
		p:         p,
		opts:      o,
		prefixes:  d("pacer_prefixes", "Prefixes that have a rate of their own."),
		waiting:   d("pacer_waiting", "Attempts that wait for their turn."),
		rate:      d("pacer_prefix_rate", "Requests per second that may be sent, 0 for as many as there are.", labels...),
		queued:    d("pacer_prefix_waiting", "Attempts that wait for their turn, by prefix.", labels...),
		served:    d("pacer_prefix_served_total", "Attempts that were not refused since the prefix has had a rate.", labels...),
		throttled: d("pacer_prefix_throttled_total", "Attempts that were refused since the prefix has had a rate.", labels...),
	}
}

// PacerOptions configures [NewPacerCollector].
type PacerOptions struct {
	// SumsOnly leaves out the figures of each prefix. Zero means that they are there.
	SumsOnly bool
}

// PacerSums is an option for [NewPacerCollector]: the sums alone.
func PacerSums(o *PacerOptions) { o.SumsOnly = true }

type pacerCollector struct {
	p    *prefix.Pacer
	opts PacerOptions

	prefixes, waiting, rate, queued, served, throttled *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *pacerCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.prefixes, c.waiting, c.rate, c.queued, c.served, c.throttled} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *pacerCollector) Collect(ch chan<- prometheus.Metric) {
	stats := c.p.Stats()
	waiting, seen := 0, map[[3]string]bool{}
	for _, s := range stats {
		waiting += s.Waiting
		operation := "read"
		if s.Write {
			operation = "write"
		}
		labels := [3]string{s.Bucket, label(s.Prefix), operation}
		// Two prefixes that are not text may look alike, and one metric may come once.
		if c.opts.SumsOnly || seen[labels] {
			continue
		}
		seen[labels] = true
		gauge(ch, c.rate, s.Rate, labels[:]...)
		gauge(ch, c.queued, float64(s.Waiting), labels[:]...)
		counter(ch, c.served, float64(s.Served), labels[:]...)
		counter(ch, c.throttled, float64(s.Throttled), labels[:]...)
	}
	gauge(ch, c.prefixes, float64(len(stats)))
	gauge(ch, c.waiting, float64(waiting))
}

// label returns a prefix as a label may be: a prefix can end inside a character.
func label(prefix string) string {
	if utf8.ValidString(prefix) {
		return prefix
	}
	return string([]rune(prefix))
}
