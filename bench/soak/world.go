package soak

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

const bucket = "bucket"

// An object is in the store from the beginning, and does not change.
type object struct {
	key  string
	data []byte
}

// world is a store behind a proxy, a client of it with little memory and few connections,
// and a front: a web server that serves and receives objects.
type world struct {
	sc      Scenario
	store   *s3test.S3
	faults  *s3test.Faults
	proxy   *httptest.Server
	own     *http.Transport // of the client, to the proxy
	api     *s3.Client
	pool    *s3pool.Pool
	client  *transfer.Client
	front   *httptest.Server
	objects []object
	noise   []byte // what uploads are made of
	dir     string
	stop    context.CancelFunc // ends the contexts of the proxy's requests
	leave   context.CancelFunc // and this those of the front's

	handlers sync.WaitGroup // of the front: a server's Close does not wait for those of HTTP/2

	requests atomic.Int64 // that have come to the proxy
}

// stall is how long the store may be silent. It is short, so that a soak sees many.
const stall = time.Second

func newWorld(sc Scenario, seed uint64, dir string) *world {
	w := &world{sc: sc, dir: dir, noise: make([]byte, 16*part)}
	rng := rand.NewChaCha8([32]byte{byte(seed)})
	rng.Read(w.noise)
	w.store = s3test.New(func(o *s3test.Options) { o.MinPartSize, o.LogSize = 1, -1 })
	w.store.CreateBucket(bucket, false)
	for i, size := range []int{0, 1, 1000, part - 1, part, part + 1, 3*part + 7, 8 * part} {
		o := object{"object" + strconv.Itoa(i), w.noise[i*100:][:size]}
		w.store.Put(bucket, o.key, o.data)
		w.objects = append(w.objects, o)
	}
	w.faults = s3test.NewFaults(w.store.HTTPClient().Transport, sc.Faults.script(seed, &w.requests))
	// A handler that does not read its request's body is not told that the client has gone.
	base, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.proxy = listen(base, w.faults.Handler("http://"+s3test.Domain), sc.HTTP2)
	w.own = w.proxy.Client().Transport.(*http.Transport).Clone()
	w.own.MaxConnsPerHost, w.own.MaxIdleConnsPerHost = sc.Conns, max(sc.Conns, 16)
	w.own.DisableCompression = true
	w.api = s3test.NewClient(w.proxy.URL, &http.Client{Transport: w.own}, quickRetries)
	w.pool = s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = sc.Budget })
	w.client = transfer.New(w.api, func(o *transfer.Options) {
		o.Pool, o.PartSize, o.MinPartSize, o.Concurrency = w.pool, part, 1, 3
		o.ParallelThreshold, o.MultipartThreshold = part, part
		o.StallTimeout = stall
	})
	fronts, leave := context.WithCancel(context.Background())
	w.leave = leave
	w.front = listen(fronts, w.counted(w.handler()), sc.HTTP2)
	return w
}

// quickRetries are the SDK's retries without its quota, which a soak would use up, and
// without its long pauses.
func quickRetries(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 4
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 5 * time.Millisecond, nil })
	})
}

// listen serves h on a port of loopback, HTTP/2 over TLS. The requests' contexts end with base.
func listen(base context.Context, h http.Handler, http2 bool) *httptest.Server {
	ts := httptest.NewUnstartedServer(h)
	ts.Config.BaseContext = func(net.Listener) context.Context { return base }
	ts.Config.ErrorLog = log.New(io.Discard, "", 0) // of handlers that break their response
	ts.EnableHTTP2 = http2
	if http2 {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	return ts
}

// close waits for what goes on behind calls, and ends the servers.
func (w *world) close() error {
	w.front.CloseClientConnections()
	w.leave()
	w.front.Close()
	w.handlers.Wait() // a Put that begins behind Close is not waited for
	ctx, stop := context.WithTimeout(context.Background(), idleLimit)
	defer stop()
	err := w.client.Close(ctx)
	w.stop()
	w.own.CloseIdleConnections()
	w.proxy.CloseClientConnections()
	w.proxy.Close()
	return err
}

// counted notes the handlers under way.
func (w *world) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.handlers.Add(1)
		defer w.handlers.Done()
		h.ServeHTTP(rw, r)
	})
}

// sweep removes what failed uploads have left in the store, as a lifecycle rule would.
func (w *world) sweep(ctx context.Context, olderThan time.Duration) {
	direct := w.store.Client()
	for _, u := range w.store.Uploads(bucket) {
		if time.Since(u.Initiated) > olderThan {
			_, _ = direct.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: new(bucket), Key: &u.Key, UploadId: &u.ID}) // it may be gone
		}
	}
}
