package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/s3pool/s3pool/transfer"
)

// NewClientCollector returns a collector for what a transfer.Client has met on the way:
// s3pool_client_events_total by kind (retry, stall, resume, verified, unverified, mismatch).
// It is safe for concurrent use.
func NewClientCollector(c *transfer.Client, name string) prometheus.Collector {
	return &clientCollector{c, describe(name)("client_events_total", "What happened on the way of transfers.", "kind")}
}

type clientCollector struct {
	c      *transfer.Client
	events *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *clientCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.events }

// Collect implements prometheus.Collector.
func (c *clientCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.c.Stats()
	for kind, n := range map[transfer.EventKind]uint64{
		transfer.EventRetry: s.Retries, transfer.EventStall: s.Stalls, transfer.EventResume: s.Resumes,
		transfer.EventVerified: s.Verified, transfer.EventUnverified: s.Unverified, transfer.EventMismatch: s.Mismatches,
	} {
		counter(ch, c.events, float64(n), kind.String())
	}
}
