package prom_test

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/prom"
	"github.com/s3pool/s3pool/transfer"
)

// A service with a pool and a client shows both at /metrics.
func Example() {
	var s3Client *s3.Client // the service's
	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = 256 << 20 })
	client := transfer.New(s3Client, func(o *transfer.Options) { o.Pool = pool })

	registry := prometheus.NewRegistry()
	registry.MustRegister(
		prom.NewPoolCollector(pool, "api"),
		prom.NewClientCollector(client, "api"),
	)
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
}
