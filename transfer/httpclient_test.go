package transfer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

func TestHTTPClientOptions(t *testing.T) {
	type limits struct {
		perHost, all, max int
		idle              time.Duration
	}
	for _, c := range []struct {
		name string
		opts transfer.HTTPClientOptions
		want limits
	}{
		{"zero", transfer.HTTPClientOptions{}, limits{512, 512, 2048, 90 * time.Second}},
		{"given", transfer.HTTPClientOptions{Connections: 7, MaxConnections: 9, IdleTimeout: time.Second}, limits{7, 7, 9, time.Second}},
		{"negative", transfer.HTTPClientOptions{Connections: -1, MaxConnections: -1, IdleTimeout: -1}, limits{-1, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := transfer.NewHTTPClient(func(o *transfer.HTTPClientOptions) { *o = c.opts }).GetTransport()
			require.Equal(t, c.want, limits{tr.MaxIdleConnsPerHost, tr.MaxIdleConns, tr.MaxConnsPerHost, tr.IdleConnTimeout})
		})
	}
}

// TestHTTPClientKeepsConnections sends wave after wave of requests that are all
// under way at the same time, to a server that would speak HTTP/2.
func TestHTTPClientKeepsConnections(t *testing.T) {
	const wave = 64
	for _, c := range []struct {
		name   string
		client *awshttp.BuildableClient
		want   int64 // handshakes of the waves after the first
	}{
		{"ours", transfer.NewHTTPClient(), 0},
		{"sdk", awshttp.NewBuildableClient().WithTransportOptions(http1), 2 * (wave - 10)},
		{"too few", transfer.NewHTTPClient(func(o *transfer.HTTPClientOptions) { o.Connections = 60 }), 2 * 4},
		{"none kept", transfer.NewHTTPClient(func(o *transfer.HTTPClientOptions) { o.Connections = -1 }), 2 * wave},
	} {
		t.Run(c.name, func(t *testing.T) {
			var arrivals atomic.Int64
			var all [3]chan struct{}
			for i := range all {
				all[i] = make(chan struct{})
			}
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := arrivals.Add(1) - 1
				if n%wave == wave-1 {
					close(all[n/wave])
				}
				select {
				case <-all[n/wave]:
				case <-r.Context().Done():
				}
				io.WriteString(w, r.Proto)
			}))
			srv.EnableHTTP2 = true
			srv.StartTLS()
			t.Cleanup(srv.Close)
			var handshakes atomic.Int64
			client := counting(c.client, srv.Certificate(), &handshakes)

			for range all {
				var wg sync.WaitGroup
				for range wave {
					wg.Go(func() {
						req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
						if !assertNoError(t, err) {
							return
						}
						resp, err := client.Do(req)
						if !assertNoError(t, err) {
							return
						}
						defer resp.Body.Close()
						b, err := io.ReadAll(resp.Body)
						if assertNoError(t, err) && string(b) != "HTTP/1.1" {
							t.Errorf("the request was %s, not HTTP/1.1", b)
						}
					})
				}
				wg.Wait()
			}
			require.Equal(t, wave+c.want, handshakes.Load(), "handshakes")
		})
	}
}

// http1 makes the SDK's transport speak to any server as it speaks to S3, which does
// not know HTTP/2.
func http1(t *http.Transport) {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.TLSClientConfig.NextProtos = nil
}

// counting returns a client that trusts cert and counts its TLS handshakes.
func counting(client *awshttp.BuildableClient, cert *x509.Certificate, handshakes *atomic.Int64) *awshttp.BuildableClient {
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return client.WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig.RootCAs = roots
		t.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error {
			handshakes.Add(1)
			return nil
		}
	})
}

// BenchmarkHTTPClient gets objects of 100 KB over TLS, 64 at a time. Beside the time
// it reports the TLS handshakes for each 1,000 requests.
func BenchmarkHTTPClient(b *testing.B) {
	const size, concurrency = 100 << 10, 64
	for _, impl := range []struct {
		name   string
		client *awshttp.BuildableClient
	}{{"s3pool", transfer.NewHTTPClient()}, {"sdk", awshttp.NewBuildableClient().WithTransportOptions(http1)}} {
		b.Run("impl="+impl.name, func(b *testing.B) {
			srv := s3test.NewServer(func(o *s3test.ServerOptions) { o.TLS = true })
			b.Cleanup(srv.Close)
			srv.Put("bucket", "key", make([]byte, size))
			tr := srv.HTTPClient().Transport.(*http.Transport)
			var handshakes atomic.Int64
			hc := impl.client.WithTransportOptions(func(t *http.Transport) {
				t.TLSClientConfig = tr.TLSClientConfig.Clone()
				t.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error {
					handshakes.Add(1)
					return nil
				}
			})
			client := transfer.New(srv.Client(func(o *s3.Options) { o.HTTPClient = hc }))
			get := func(ctx context.Context) error {
				o, err := client.Get(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
				if err == nil {
					o.Release()
				}
				return err
			}
			b.SetBytes(size)
			b.SetParallelism(max(1, concurrency/runtime.GOMAXPROCS(0)))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := get(b.Context()); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(1000*float64(handshakes.Load())/float64(b.N), "handshakes/1000")
		})
	}
}
