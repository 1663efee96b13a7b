package prom

import "github.com/prometheus/client_golang/prometheus"

const namespace = "s3pool"

// describe returns a function that describes metrics with the label name.
func describe(name string) func(metric, help string, labels ...string) *prometheus.Desc {
	return func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", metric), help, labels, prometheus.Labels{"name": name})
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}
