package s3http_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

func TestServeErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  s3test.Fault
		in     func(*s3.GetObjectInput)
		status int
		retry  string // Retry-After
	}{
		"no such key":       {in: func(in *s3.GetObjectInput) { in.Key = aws.String("secret/name") }, status: 404},
		"no such bucket":    {in: func(in *s3.GetObjectInput) { in.Bucket = aws.String("secret") }, status: 404},
		"no such version":   {in: func(in *s3.GetObjectInput) { in.VersionId = aws.String("secret") }, status: 404},
		"wrong owner":       {in: func(in *s3.GetObjectInput) { in.ExpectedBucketOwner = aws.String("1") }, status: 403},
		"access denied":     {fault: s3test.Status(403, "AccessDenied"), status: 403},
		"bad credentials":   {fault: s3test.Status(403, "InvalidAccessKeyId"), status: 502},
		"bad signature":     {fault: s3test.Status(403, "SignatureDoesNotMatch"), status: 502},
		"expired token":     {fault: s3test.Status(400, "ExpiredToken"), status: 502},
		"delete marker":     {fault: s3test.Status(405, "MethodNotAllowed"), status: 404},
		"internal error":    {fault: s3test.InternalError(), status: 502},
		"slow down":         {fault: s3test.SlowDown(0), status: 503, retry: "1"},
		"slow down, a time": {fault: s3test.SlowDown(7 * time.Second), status: 503, retry: "7"},
		"too many":          {fault: s3test.Status(429, "TooManyRequests"), status: 503, retry: "1"},
		"reset":             {fault: s3test.Reset(), status: 502},
		"odd":               {fault: s3test.Status(418, "Teapot"), status: 502},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(name+" "+method, func(t *testing.T) {
				if method == "HEAD" && strings.HasPrefix(name, "bad ") {
					tt.status = 403 // the answer has no body, and so no code
				}
				fake := s3test.New()
				putServed(fake, 1000)
				api, _ := withFaults(fake, s3test.Always(tt.fault))
				in := get("")
				if tt.in != nil {
					tt.in(in)
				}
				// What was meant for the object is not for the error.
				own := http.Header{"Cache-Control": {"max-age=31536000"}, "Etag": {`"own"`}, "X-Own": {"1"}, "Content-Encoding": {"gzip"}}
				got, err := serve(newClient(newPool(t), api), request(method, ""), in, own)
				require.Equal(t, tt.status, got.StatusCode, "%v", err)
				e, ok := errors.AsType[*transfer.Error](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, "Serve", e.Op)
				require.Equal(t, *in.Key, e.Key)
				want := http.Header{"X-Own": {"1"}, "Content-Type": {"text/plain; charset=utf-8"}, "X-Content-Type-Options": {"nosniff"}}
				if tt.retry != "" {
					want.Set("Retry-After", tt.retry)
				}
				require.Equal(t, want, got.Header)
				body, err := io.ReadAll(got.Body)
				require.NoError(t, err)
				require.Equal(t, http.StatusText(tt.status)+"\n", string(body))
			})
		}
	}
}

// TestServeTimeouts: S3 falls silent before it has answered, or the request's own time
// is up.
func TestServeTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := s3test.New()
		putServed(fake, 1000)
		api, _ := withFaults(fake, s3test.Always(s3test.Hang()))
		c := newClient(newPool(t), api, func(o *transfer.Options) { o.MaxRetries = 1 })
		got, err := serve(c, request("GET", ""), get(""), nil)
		require.Equal(t, 504, got.StatusCode, "%v", err)

		for _, method := range []string{"GET", "HEAD"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			got, err = serve(c, request(method, "").WithContext(ctx), get(""), nil)
			cancel()
			require.Equal(t, 504, got.StatusCode, "%v", err)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
	})
}

// hidden is a ResponseWriter of a middleware that shows nothing of the one behind it.
type hidden struct{ w http.ResponseWriter }

func (h hidden) Header() http.Header         { return h.w.Header() }
func (h hidden) WriteHeader(code int)        { h.w.WriteHeader(code) }
func (h hidden) Write(p []byte) (int, error) { return h.w.Write(p) }

// noLength is an API that does not tell the length of a body, and breaks it.
type noLength struct{ *s3.Client }

func (a noLength) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := a.Client.GetObject(ctx, in, optFns...)
	if err == nil {
		out.ContentLength = nil
	}
	return out, err
}

// TestServeBreaks: whatever goes wrong behind the first byte of a body, the client
// never takes what it got for all of it; also if the handler goes on to write.
func TestServeBreaks(t *testing.T) {
	const size = 3*testPart + 100
	fake := s3test.New()
	object := putServed(fake, size)
	faults := map[string]s3test.Script{
		"wrong first byte":  flipAt(0),
		"wrong last byte":   flipAt(size - 1),
		"S3 breaks off":     s3test.Always(s3test.Cut(testPart - 1)),
		"S3 breaks off, at": s3test.Always(s3test.Cut(0)),
	}
	for name, script := range faults {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			for _, length := range []bool{true, false} {
				for _, wrapped := range []bool{false, true} {
					broken, _ := withFaults(fake, script)
					var api transfer.API = broken
					if !length {
						api = noLength{broken}
					}
					c := newClient(newPool(t), api, func(o *transfer.Options) { o.MaxRetries = -1 })
					served := make(chan error, 1)
					front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if wrapped {
							w = hidden{w}
						}
						var err error
						defer func() { served <- err }() // a panic comes by here, too
						if err = s3http.Serve(w, r, c, get("")); err != nil {
							// What many a handler does.
							for range size / 10 {
								if _, err := io.WriteString(w, "some error"); err != nil {
									break
								}
							}
						}
					}))
					front.EnableHTTP2 = proto == "HTTP/2.0"
					front.StartTLS()
					resp, err := front.Client().Get(front.URL)
					if err == nil {
						require.Equal(t, proto, resp.Proto)
						var body []byte
						body, err = io.ReadAll(resp.Body)
						resp.Body.Close()
						require.False(t, bytes.Equal(object.Data, body))
					}
					require.Error(t, err, "%s over %s, length %t, wrapped %t", name, proto, length, wrapped)
					front.Client().CloseIdleConnections()
					front.Close()
					err = <-served // a server does not wait for the handler of a stream
					if !wrapped {
						require.Error(t, err)
						require.Equal(t, strings.HasPrefix(name, "wrong"), errors.Is(err, transfer.ErrIntegrity), "%v", err)
					}
				}
			}
		}
	}
}

// TestServeBreaksSmall: a wrong object that is one piece is not sent at all, but for its
// header.
func TestServeBreaksSmall(t *testing.T) {
	fake := s3test.New()
	putServed(fake, 1000)
	api, _ := withFaults(fake, flipAt(500))
	got, err := serve(newClient(newPool(t), api), request("GET", ""), get(""), nil)
	require.ErrorIs(t, err, transfer.ErrIntegrity)
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.Empty(t, body)
}

// TestServeClientGone: the client leaves in mid-body, or while S3 is silent.
func TestServeClientGone(t *testing.T) {
	const size = 40 * testPart
	for name, script := range map[string]s3test.Script{
		"in mid-body":       s3test.Always(s3test.Fault{}),
		"while S3 is slow":  s3test.Always(s3test.StallUntil(testPart/2, make(chan struct{}))),
		"before S3 answers": s3test.Always(s3test.Hang()),
	} {
		t.Run(name, func(t *testing.T) {
			fake := s3test.New()
			putServed(fake, size)
			api, _ := withFaults(fake, script)
			p := newPool(t)
			c := newClient(p, api)
			asked, served := make(chan struct{}), make(chan error, 1)
			front := newPipeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(asked)
				served <- s3http.Serve(w, r, c, get(""))
			}))
			conn := front.dial()
			_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: front.test\r\n\r\n")
			require.NoError(t, err)
			<-asked
			if name != "before S3 answers" {
				_, err = io.ReadFull(conn, make([]byte, 1000))
				require.NoError(t, err)
			}
			require.NoError(t, conn.Close())
			err = <-served
			require.Error(t, err)
			_, ok := errors.AsType[*transfer.Error](err)
			require.True(t, ok, "%v", err)
			requireIdle(t, p)
		})
	}
}

// TestServeSDKErrors: the log has everything.
func TestServeSDKErrors(t *testing.T) {
	fake := s3test.New()
	_, err := serve(newClient(newPool(t), fake.Client()), request("GET", ""), get(""), nil)
	resp, ok := errors.AsType[*smithyhttp.ResponseError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 404, resp.HTTPStatusCode())
}

// A pipeServer is an HTTP server on connections in memory, without buffers: what has
// been written has been read.
type pipeServer struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeServer(t testing.TB, h http.Handler) *pipeServer {
	s := &pipeServer{conns: make(chan net.Conn), closed: make(chan struct{})}
	var wg sync.WaitGroup
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wg.Add(1) // while Serve has one, or its client has not been answered
		defer wg.Done()
		h.ServeHTTP(w, r)
	})}
	wg.Go(func() { srv.Serve(s) })
	t.Cleanup(func() {
		srv.Close()
		wg.Wait()
	})
	return s
}

func (s *pipeServer) dial() net.Conn {
	client, server := net.Pipe()
	s.conns <- server
	return client
}

func (s *pipeServer) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *pipeServer) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func (s *pipeServer) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
