package prom_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/prom"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lint fails for names and helps that Prometheus's own linter has words for.
func lint(t *testing.T, c prometheus.Collector) {
	t.Helper()
	problems, err := testutil.CollectAndLint(c)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestPool(t *testing.T) {
	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = 1 << 20 })
	c := prom.NewPoolCollector(pool, "test")
	lint(t, c)
	buf, err := pool.Acquire(t.Context(), 100_000)
	require.NoError(t, err)
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(`
		# HELP s3pool_pool_leased_bytes Bytes on lease.
		# TYPE s3pool_pool_leased_bytes gauge
		s3pool_pool_leased_bytes{name="test"} 114688
		# HELP s3pool_pool_budget_bytes Bytes that may be on lease at one time, 0 for no bound.
		# TYPE s3pool_pool_budget_bytes gauge
		s3pool_pool_budget_bytes{name="test"} 1.048576e+06
		# HELP s3pool_pool_acquires_total Leases given.
		# TYPE s3pool_pool_acquires_total counter
		s3pool_pool_acquires_total{class="114688",name="test"} 1
	`), "s3pool_pool_leased_bytes", "s3pool_pool_budget_bytes", "s3pool_pool_acquires_total"))
	buf.Release()
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(`
		# HELP s3pool_pool_leased_bytes Bytes on lease.
		# TYPE s3pool_pool_leased_bytes gauge
		s3pool_pool_leased_bytes{name="test"} 0
	`), "s3pool_pool_leased_bytes"))
}

func TestClient(t *testing.T) {
	store := s3test.New()
	client := transfer.New(store.Client())
	c := prom.NewClientCollector(client, "test")
	lint(t, c)
	_, err := store.Client().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")})
	require.NoError(t, err)
	_, err = client.Put(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), Body: bytes.NewReader([]byte("x"))})
	require.NoError(t, err)
	o, err := client.Get(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k")})
	require.NoError(t, err)
	o.Release()
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(`
		# HELP s3pool_client_events_total What happened on the way of transfers.
		# TYPE s3pool_client_events_total counter
		s3pool_client_events_total{kind="mismatch",name="test"} 0
		s3pool_client_events_total{kind="resume",name="test"} 0
		s3pool_client_events_total{kind="retry",name="test"} 0
		s3pool_client_events_total{kind="stall",name="test"} 0
		s3pool_client_events_total{kind="unverified",name="test"} 0
		s3pool_client_events_total{kind="verified",name="test"} 1
	`)))
}

// refusing answers every request but the last with 503.
type refusing struct{ left int }

func (r *refusing) Do(*http.Request) (*http.Response, error) {
	status := http.StatusOK
	if r.left--; r.left >= 0 {
		status = http.StatusServiceUnavailable
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
}

func TestPacer(t *testing.T) {
	pacer := prefix.NewPacer()
	all, sums := prom.NewPacerCollector(pacer, "test"), prom.NewPacerCollector(pacer, "sums", prom.PacerSums)
	lint(t, all)
	require.Equal(t, 2, testutil.CollectAndCount(all), "the sums are there from the beginning")
	client := s3.New(s3.Options{
		Region: "us-east-1", HTTPClient: &refusing{3}, BaseEndpoint: aws.String("http://s3.test"), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}, pacer.Attach)
	_, err := client.PutObject(context.WithoutCancel(t.Context()), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("dir/\xff")})
	require.NoError(t, err)
	require.Positive(t, testutil.CollectAndCount(all, "s3pool_pacer_prefix_throttled_total"))
	require.Zero(t, testutil.CollectAndCount(sums, "s3pool_pacer_prefix_throttled_total"))
	require.Equal(t, 2, testutil.CollectAndCount(sums))
}

// Several of a kind fit into one registry.
func TestRegister(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	pacer := prefix.NewPacer()
	store := s3test.New()
	for _, name := range []string{"a", "b"} {
		pool := s3pool.NewPool()
		r.MustRegister(prom.NewPoolCollector(pool, name), prom.NewClientCollector(transfer.New(store.Client()), name), prom.NewPacerCollector(pacer, name))
	}
	_, err := r.Gather()
	require.NoError(t, err)
}
