// Package metrics is what the server tells Prometheus. Every label has few values, known
// beforehand and there from the start: a rate over something that has not happened yet is 0
// rather than nothing. Requests are counted by the template of their route, never by path.
package metrics

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Causes of refusals.
const (
	CauseCredentials = "credentials" // 401
	CauseAccess      = "access"      // 403 and 404 for want of a right
	CauseToken       = "token"       // 403 for a token that is for something else, or old
	CauseBusy        = "busy"        // 429: no place became free in time
	CauseUnavailable = "unavailable" // 429 or 503: the database, S3 or memory
	CauseSize        = "size"        // 413, and 422 for an object above the limit
	CauseQuota       = "quota"       // 507
	CauseContent     = "content"     // 422: the body was not the object
	CauseInvalid     = "invalid"     // 406, 422 for anything else
)

var causes = []string{CauseCredentials, CauseAccess, CauseToken, CauseBusy, CauseUnavailable, CauseSize, CauseQuota, CauseContent, CauseInvalid}

// What places are for, and the direction of a transfer.
const (
	Upload   = "upload"
	Download = "download"
)

// Metrics of a server.
type Metrics struct {
	Requests  *prometheus.CounterVec   // route, method, status
	Seconds   *prometheus.HistogramVec // route
	Refusals  *prometheus.CounterVec   // cause
	InFlight  prometheus.Gauge
	Bytes     *prometheus.CounterVec   // direction
	Transfers *prometheus.HistogramVec // direction: seconds
	Sizes     *prometheus.HistogramVec // direction: bytes
	Places    *prometheus.GaugeVec     // direction: how many there are
	Taken     *prometheus.GaugeVec     // direction
	Waiting   *prometheus.GaugeVec     // direction
	Waits     *prometheus.HistogramVec // direction: seconds
	Locks     *prometheus.CounterVec   // change
	Marked    *prometheus.CounterVec   // state
	Swept     *prometheus.CounterVec   // what
	DBRetries prometheus.Counter
	Draining  prometheus.Gauge

	registry *prometheus.Registry
}

const namespace = "gitlfs"

// New returns metrics in a registry of their own, with those of the Go runtime.
func New() *Metrics {
	seconds := []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	long := []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 3600}
	m := &Metrics{
		Requests:  counters("http_requests_total", "Requests answered.", "route", "method", "status"),
		Seconds:   histograms("http_request_seconds", "Time from the header of a request to the end of its response, in seconds.", seconds, "route"),
		Refusals:  counters("refusals_total", "Requests and objects refused.", "cause"),
		InFlight:  gauge("http_in_flight", "Requests being answered."),
		Bytes:     counters("transfer_bytes_total", "Bytes of objects received or sent.", "direction"),
		Transfers: histograms("transfer_seconds", "Time of complete transfers, in seconds.", long, "direction"),
		Sizes:     histograms("transfer_size_bytes", "Bytes of complete transfers.", prometheus.ExponentialBuckets(1<<10, 8, 9), "direction"),
		Places:    gauges("places", "Transfers that may run at a time.", "direction"),
		Taken:     gauges("places_taken", "Transfers running.", "direction"),
		Waiting:   gauges("places_waiting", "Requests waiting for a place.", "direction"),
		Waits:     histograms("places_wait_seconds", "Time waited for a place, in seconds.", seconds, "direction"),
		Locks:     counters("lock_changes_total", "Locks created, refused since there was one, released, and released by force.", "change"),
		Marked:    counters("content_marked_total", "Contents found lost or wrong.", "state"),
		Swept:     counters("swept_total", "Leftovers of uploads removed.", "what"),
		DBRetries: prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "db_retries_total", Help: "Statements repeated."}),
		Draining:  gauge("draining", "1 while the server is about to stop, else 0."),
		registry:  prometheus.NewRegistry(),
	}
	for vec, values := range map[*prometheus.CounterVec][]string{
		m.Refusals: causes,
		m.Bytes:    {Upload, Download},
		m.Locks:    {"created", "conflict", "released", "forced"},
		m.Marked:   {"lost", "suspect"},
		m.Swept:    {"upload", "staged"},
	} {
		for _, v := range values {
			vec.WithLabelValues(v)
		}
	}
	for _, d := range []string{Upload, Download} {
		m.Transfers.WithLabelValues(d)
		m.Sizes.WithLabelValues(d)
		m.Waits.WithLabelValues(d)
		m.Taken.WithLabelValues(d)
		m.Waiting.WithLabelValues(d)
	}
	m.Register(m.Requests, m.Seconds, m.Refusals, m.InFlight, m.Bytes, m.Transfers, m.Sizes, m.Places, m.Taken, m.Waiting,
		m.Waits, m.Locks, m.Marked, m.Swept, m.DBRetries, m.Draining,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds collectors.
func (m *Metrics) Register(cs ...prometheus.Collector) { m.registry.MustRegister(cs...) }

// Gatherer is for the handler of /metrics.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Database adds the connections of a database, and the number of locks in it, which is asked
// for at every scrape.
func (m *Metrics) Database(db *sql.DB, locks func(context.Context) (int64, error)) {
	m.Register(collectors.NewDBStatsCollector(db, namespace),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "locks", Help: "Locks held."}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), lockCountTimeout)
			defer cancel()
			n, err := locks(ctx)
			if err != nil {
				return -1
			}
			return float64(n)
		}))
}

const lockCountTimeout = 2 * time.Second

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}
