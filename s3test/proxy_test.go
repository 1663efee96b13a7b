package s3test_test

import (
	"io"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

// A proxy and a server in front of clients that do not read, or wait for ever, can
// be closed.
func TestCloseWhileBusy(t *testing.T) {
	mem := s3test.NewServer()
	mem.Put("b", "k", make([]byte, 64<<20)) // more than sockets take
	p := s3test.NewProxy(mem.URL, s3test.Rules(s3test.Rule{Times: 1, Fault: s3test.Stall(1, 0)}))
	stalled, err := p.Client(plain).GetObject(t.Context(), get("k"))
	require.NoError(t, err)
	unread, err := p.Client(plain).GetObject(t.Context(), get("k"))
	require.NoError(t, err)
	direct, err := mem.Client(plain).GetObject(t.Context(), get("k"))
	require.NoError(t, err)

	p.Close()
	mem.Close()
	for _, out := range []io.ReadCloser{stalled.Body, unread.Body, direct.Body} {
		_, err = io.Copy(io.Discard, out)
		require.Error(t, err)
		require.NoError(t, out.Close())
	}
}

// The proxy reaches servers, with TLS too.
func TestProxyTarget(t *testing.T) {
	for _, tls := range []bool{false, true} {
		mem := s3test.NewServer(func(o *s3test.ServerOptions) { o.TLS = tls })
		mem.Put("b", "k", million)
		p := s3test.NewProxy(mem.URL, nil, func(o *s3test.ProxyOptions) {
			if tls {
				o.Transport = mem.HTTPClient().Transport
			}
		})
		for range 3 {
			out, err := p.Client().GetObject(t.Context(), get("k"))
			require.NoError(t, err)
			require.Equal(t, million, readAll(t, out))
			_, err = p.Client().PutObject(t.Context(), put(million))
			require.NoError(t, err)
		}
		p.Close()
		mem.Close()
	}
}

func TestProxyWithoutTarget(t *testing.T) {
	mem := s3test.NewServer()
	mem.Close() // so that nobody listens there
	p := s3test.NewProxy(mem.URL, nil)
	defer p.Close()
	_, err := p.Client(noRetry).GetObject(t.Context(), get("k"))
	requireAPIError(t, err, 502, "BadGateway")
	require.Panics(t, func() { s3test.NewProxy("no url", nil) })
}
