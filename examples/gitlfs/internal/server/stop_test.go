package server_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
)

// A server that is to stop says so to the load balancer, goes on answering, asks clients to
// connect anew, and lets an upload finish that is under way.
func TestDrain(t *testing.T) {
	h := start(t, func(o *server.Options) { o.DrainGrace = 300 * time.Millisecond })
	data := random(20, 100_000)
	a := h.batch("ann", lfs.Upload, data).Actions["upload"]
	r, w := io.Pipe()
	uploaded := make(chan int, 1)
	go func() {
		status, _, _ := h.act("PUT", a, r)
		uploaded <- status
	}()
	_, err := w.Write(data[:10_000])
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- h.stop() }()
	require.Eventually(t, func() bool {
		status, _, _ := h.do(request{method: "GET", path: "/readyz"})
		return status == http.StatusServiceUnavailable
	}, waitFor, tick)
	status, header, _ := h.do(request{method: "GET", path: "/healthz"})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "close", header.Get("Connection"))
	require.NotEmpty(t, h.batch("ann", lfs.Upload, random(21, 10)).Actions)
	select {
	case <-stopped:
		t.Fatal("it has stopped with an upload under way")
	default:
	}
	_, err = w.Write(data[10_000:])
	require.NoError(t, err)
	w.Close()
	require.Equal(t, http.StatusOK, <-uploaded)
	require.Nil(t, h.batch("ann", lfs.Upload, data).Actions, "a request in the grace")
	// A load balancer that goes on asking keeps nobody up.
	for done := false; !done; {
		select {
		case err := <-stopped:
			require.NoError(t, err)
			done = true
		default:
			if resp, err := http.Get(h.url + "/readyz"); err == nil {
				resp.Body.Close()
			}
		}
	}
	_, err = http.Get(h.url + "/healthz")
	require.Error(t, err)
}

// Nobody waits for longer than the maximum.
func TestDrainMax(t *testing.T) {
	h := start(t, func(o *server.Options) { o.DrainMax = 50 * time.Millisecond; o.DrainGrace = time.Hour })
	require.NoError(t, h.stop())
}

// Where all places are taken, a client waits, and is then asked to come again.
func TestBusy(t *testing.T) {
	h := start(t, func(o *server.Options) { o.Uploads, o.Wait = 1, 20*time.Millisecond })
	data, other := random(22, 20_000), random(23, 1000)
	a, b := h.batch("ann", lfs.Upload, data).Actions["upload"], h.batch("ann", lfs.Upload, other).Actions["upload"]
	r, w := io.Pipe()
	first := make(chan int, 1)
	go func() {
		status, _, _ := h.act("PUT", a, r)
		first <- status
	}()
	_, err := w.Write(data[:10_000])
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		status, header, body := h.act("PUT", b, string(other))
		if status == http.StatusOK {
			return false // the first has not got there yet
		}
		require.Equal(t, http.StatusTooManyRequests, status, "%s", body)
		require.NotEmpty(t, header.Get("Retry-After"))
		return true
	}, waitFor, tick)
	_, err = w.Write(data[10_000:])
	require.NoError(t, err)
	w.Close()
	require.Equal(t, http.StatusOK, <-first)
}

// A client that stops moving is cut off, one that moves is not, however long it takes.
func TestProgress(t *testing.T) {
	h := start(t, func(o *server.Options) { o.Progress = 1500 * time.Millisecond })
	data := random(24, 40_000)
	a := h.batch("ann", lfs.Upload, data).Actions["upload"]
	r, w := io.Pipe()
	go func() {
		w.Write(data[:10_000])
		// and then nothing
	}()
	status, _, _ := h.act("PUT", a, r)
	require.Equal(t, http.StatusRequestTimeout, status)
	w.Close()

	slow := &slowReader{data: data, pause: 400 * time.Millisecond, piece: 5_000} // 3.2 s in all
	status, _, body := h.act("PUT", a, slow)
	require.Equal(t, http.StatusOK, status, "%s", body)
}

// A slowReader hands out a piece at a time. It is the client whose time passes.
type slowReader struct {
	data  []byte
	pause time.Duration
	piece int
}

func (r *slowReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	<-time.After(r.pause)
	n := copy(p, r.data[:min(r.piece, len(r.data))])
	r.data = r.data[n:]
	return n, nil
}

// A database that is away is a reason to come again, and a 5xx for transfers alone. The load
// balancer is not told: all replicas would say the same.
func TestDatabaseAway(t *testing.T) {
	pg := pgtest.New(t)
	h := startOn(t, pg.Database(t), func(o *server.Options) {})
	data := random(25, 10)
	a := h.batch("ann", lfs.Upload, data).Actions["upload"]
	pg.Stop(t)
	for _, tc := range []struct {
		q    request
		want int
	}{
		{request{method: "POST", path: batchPath, user: "ann", body: `{"operation":"upload","objects":[]}`}, 429},
		{request{method: "POST", path: "/acme/a/info/lfs/locks/verify", user: "ann", body: `{}`}, 429},
		{request{method: "PUT", path: a.Href, header: a.Header, body: string(data)}, 503},
	} {
		status, header, body := h.do(tc.q)
		require.Equal(t, tc.want, status)
		require.NotEmpty(t, header.Get("Retry-After"))
		requireProblem(t, header, body)
		require.NotContains(t, string(body), "postgres")
	}
	status, _, _ := h.do(request{method: "GET", path: "/readyz"})
	require.Equal(t, http.StatusOK, status)
}
