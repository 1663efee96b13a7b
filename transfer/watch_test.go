package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// aCall is one of the Client's, on bucket/key, that asks for operation among others.
type aCall struct {
	operation string
	do        func(ctx context.Context, c *transfer.Client) error
}

// everyRequest is a call for each operation that a Client makes.
func everyRequest(t *testing.T) []aCall {
	large, small := pattern(5*testPart+3), pattern(100)
	putting := func(data []byte) func(context.Context, *transfer.Client) error {
		return func(ctx context.Context, c *transfer.Client) error {
			_, err := c.Put(ctx, put(bytes.NewReader(data)))
			return err
		}
	}
	return []aCall{
		{"PutObject", putting(small)},
		{"CreateMultipartUpload", putting(large)},
		{"UploadPart", putting(large)},
		{"CompleteMultipartUpload", putting(large)},
		{"AbortMultipartUpload", func(ctx context.Context, c *transfer.Client) error {
			in := put(plain(io.MultiReader(bytes.NewReader(large), readerFunc(func([]byte) (int, error) { return 0, errBody }))))
			if _, err := c.Put(ctx, in); err == nil {
				return fmt.Errorf("a body that fails is stored")
			}
			return nil
		}},
		{"ListParts", func(ctx context.Context, c *transfer.Client) error {
			in := put(bytes.NewReader(large))
			var token transfer.ResumeToken
			_, err := c.Put(ctx, in, func(o *transfer.PutOptions) {
				o.Checkpoint = func(k transfer.ResumeToken) error {
					if token = k; len(k.Parts) > 0 {
						return errBody
					}
					return nil
				}
			})
			if err == nil {
				return fmt.Errorf("the checkpoint's error is lost")
			}
			_, err = c.Put(ctx, put(bytes.NewReader(large)), func(o *transfer.PutOptions) { o.Resume = &token })
			return err
		}},
		{"HeadObject", func(ctx context.Context, c *transfer.Client) error {
			_, err := c.Head(ctx, &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("old")})
			return err
		}},
		{"GetObject", func(ctx context.Context, c *transfer.Client) error {
			in := get("")
			in.Key = aws.String("old")
			o, err := c.Get(ctx, in)
			if err == nil {
				o.Release()
			}
			return err
		}},
	}
}

var errBody = fmt.Errorf("the body's own error")

// newWatched returns an S3 with the object bucket/old, of several parts.
func newWatched() *s3test.S3 {
	fake := newUploadFake()
	fake.Put("bucket", "old", pattern(3*testPart))
	return fake
}

// TestEveryRequestIsWatched: a request that S3 says nothing to is made again after
// StallTimeout, or three for the header of Complete.
func TestEveryRequestIsWatched(t *testing.T) {
	const stall = 10 * time.Second
	for _, call := range everyRequest(t) {
		for _, times := range []int64{1, 3} {
			synctest.Test(t, func(t *testing.T) {
				what := fmt.Sprintf("%s hangs %d times", call.operation, times)
				fake := newWatched()
				c, _ := withFaults(fake, on(call.operation, times, s3test.Hang()))
				client := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.StallTimeout = stall })
				start := time.Now()
				require.NoError(t, call.do(t.Context(), client), what)
				require.EqualValues(t, times, client.Stats().Stalls, what)
				require.LessOrEqual(t, time.Since(start), time.Duration(times)*3*stall+30*time.Second, what)
				require.Empty(t, fake.Uploads("bucket"), what)
			})
		}
	}
}

// TestWatchLooksAtAttempts: neither a queue in front of an attempt nor the SDK's backoff
// nor a body that the caller has to look for is silence of the store's.
func TestWatchLooksAtAttempts(t *testing.T) {
	queue := func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("queue", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				time.Sleep(time.Minute)
				return next.HandleFinalize(ctx, in)
			}), "Retry", middleware.After)
		})
	}
	backoff := func(o *s3.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Minute, nil })
		})
	}
	for _, call := range everyRequest(t) {
		synctest.Test(t, func(t *testing.T) {
			fake := newWatched()
			faults := s3test.NewFaults(fake.HTTPClient().Transport, on(call.operation, 1, s3test.InternalError()))
			c := fake.Client(backoff, queue, func(o *s3.Options) { o.HTTPClient = faults.HTTPClient() })
			client := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.StallTimeout = time.Second })
			require.NoError(t, call.do(t.Context(), client), call.operation)
			require.Zero(t, client.Stats().Stalls, call.operation)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		fake := newWatched()
		client := newClient(newPool(t), fake.Client(), smallParts, func(o *transfer.Options) { o.StallTimeout = time.Second })
		_, err := client.Put(t.Context(), put(slowAt{bytes.NewReader(pattern(3 * testPart))}), func(o *transfer.PutOptions) { o.Checksum = transfer.ChecksumNever })
		require.NoError(t, err)
		require.Zero(t, client.Stats().Stalls)
	})
}

// slowAt is a body on a tape.
type slowAt struct{ *bytes.Reader }

func (s slowAt) ReadAt(p []byte, off int64) (int, error) {
	time.Sleep(time.Minute)
	return s.Reader.ReadAt(p, off)
}

// TestWatchCompleteWithBlanks: S3 answers Complete at once, and sends blanks for as long as
// it takes to make the object.
func TestWatchCompleteWithBlanks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newWatched()
		inner := fake.HTTPClient().Transport
		c := fake.Client(impatient, func(o *s3.Options) {
			o.HTTPClient = &http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
				resp, err := inner.RoundTrip(r)
				if err == nil && s3test.Operation(r) == "CompleteMultipartUpload" {
					n := 0
					resp.Body = struct {
						io.Reader
						io.Closer
					}{io.MultiReader(readerFunc(func(p []byte) (int, error) {
						if n++; n > 100 {
							return 0, io.EOF
						}
						time.Sleep(9 * time.Second)
						return copy(p, " "), nil
					}), resp.Body), resp.Body}
					resp.ContentLength = -1
				}
				return resp, err
			})}
		})
		client := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.StallTimeout = 10 * time.Second })
		_, err := client.Put(t.Context(), put(bytes.NewReader(pattern(3*testPart))))
		require.NoError(t, err)
		require.Zero(t, client.Stats().Stalls)
	})
}

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestWatchDeadPool: when all pooled connections have died in silence, it takes one
// StallTimeout to find out, and not one for each.
func TestWatchDeadPool(t *testing.T) {
	clients := map[string]func(dial func(context.Context, string, string) (net.Conn, error)) s3.HTTPClient{
		"SDK": func(dial func(context.Context, string, string) (net.Conn, error)) s3.HTTPClient {
			return transfer.NewHTTPClient().WithTransportOptions(func(t *http.Transport) { t.DialContext = dial })
		},
		"net/http": func(dial func(context.Context, string, string) (net.Conn, error)) s3.HTTPClient {
			return &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 100}}
		},
	}
	for name, newClientOf := range clients {
		for _, call := range everyRequest(t) {
			synctest.Test(t, func(t *testing.T) {
				fake := newWatched()
				n := newPipeNetwork(fake)
				hc := newClientOf(n.dial)
				c := n.client(impatient, func(o *s3.Options) { o.HTTPClient = hc })
				client := newClient(newPool(t), c, smallParts, func(o *transfer.Options) {
					o.StallTimeout, o.Concurrency = 20*time.Second, 2
				})
				var warm sync.WaitGroup
				for range 20 { // connections, all idle then
					warm.Go(func() {
						_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("old")})
						assertNoError(t, err)
					})
				}
				warm.Wait()
				n.kill()
				start := time.Now()
				what := name + ": " + call.operation
				require.NoError(t, call.do(t.Context(), client), what)
				require.Less(t, time.Since(start), 3*20*time.Second+10*time.Second, what)
				require.LessOrEqual(t, client.Stats().Stalls, uint64(2), what)
				switch hc := hc.(type) {
				case *awshttp.BuildableClient:
				case *http.Client:
					hc.CloseIdleConnections()
				}
				n.close()
				time.Sleep(2 * time.Minute) // until the idle connections of a replaced pool have gone
			})
		}
	}
}

// A pipeNetwork is one without sockets, for a bubble, whose connections can die in silence.
// A server answers at its end.
type pipeNetwork struct {
	server *http.Server
	conns  chan net.Conn
	done   chan struct{}
	wg     sync.WaitGroup
	http   *http.Client

	mu    sync.Mutex
	alive []*mortal
}

func newPipeNetwork(h http.Handler) *pipeNetwork {
	l := &pipeNetwork{server: &http.Server{Handler: h}, conns: make(chan net.Conn), done: make(chan struct{})}
	l.http = &http.Client{Transport: &http.Transport{DialContext: l.dial}}
	l.wg.Go(func() { l.server.Serve(l) })
	return l
}

// client returns a client whose requests go through the network.
func (l *pipeNetwork) client(optFns ...func(*s3.Options)) *s3.Client {
	return s3test.NewClient("http://s3.test", l.http, optFns...)
}

// close ends the server and all connections.
func (l *pipeNetwork) close() {
	l.http.CloseIdleConnections()
	l.server.Close()
	l.mu.Lock()
	for _, m := range l.alive {
		m.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

func (l *pipeNetwork) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	m := &mortal{Conn: near}
	l.mu.Lock()
	l.alive = append(l.alive, m)
	l.mu.Unlock()
	select {
	case l.conns <- far:
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeNetwork) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeNetwork) Close() error   { close(l.done); return nil }
func (l *pipeNetwork) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeNetwork) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.alive {
		m.dead.Store(true)
	}
}

// A mortal connection takes what is written, once dead, and nothing comes of it.
type mortal struct {
	net.Conn
	dead atomic.Bool
}

func (m *mortal) Write(p []byte) (int, error) {
	if m.dead.Load() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}
