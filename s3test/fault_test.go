package s3test_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

// faultWays are the ways to get faults.
var faultWays = map[string]func(t testing.TB, s *s3test.S3, script s3test.Script) (*s3.Client, *s3test.Faults){
	"in process": func(t testing.TB, s *s3test.S3, script s3test.Script) (*s3.Client, *s3test.Faults) {
		f := s3test.NewFaults(s.HTTPClient().Transport, script)
		return s3test.NewClient("http://s3.test", f.HTTPClient(), noRetry), f
	},
	"http":  proxied(false),
	"https": proxied(true),
}

func proxied(tls bool) func(t testing.TB, s *s3test.S3, script s3test.Script) (*s3.Client, *s3test.Faults) {
	return func(t testing.TB, s *s3test.S3, script s3test.Script) (*s3.Client, *s3test.Faults) {
		p := s3test.NewProxy("http://s3.test", script, func(o *s3test.ProxyOptions) {
			o.TLS, o.Transport = tls, s.HTTPClient().Transport
		})
		t.Cleanup(p.Close)
		return p.Client(noRetry), p.Faults
	}
}

// faulty runs a test for each way, with an object k of a million bytes.
func faulty(t *testing.T, script s3test.Script, f func(t *testing.T, s *s3test.S3, c *s3.Client, faults *s3test.Faults)) {
	for name, way := range faultWays {
		t.Run(name, func(t *testing.T) {
			s := s3test.New()
			s.Put("b", "k", million)
			c, faults := way(t, s, script)
			f(t, s, c, faults)
		})
	}
}

var million = pattern(1e6)

// plain is a client option that leaves checksums to the test.
func plain(o *s3.Options) { o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired }

func TestNoFault(t *testing.T) {
	faulty(t, nil, func(t *testing.T, s *s3test.S3, c *s3.Client, f *s3test.Faults) {
		for _, key := range []string{"k", "dir/a b+c%25é", "//x", "a=b&c", "~!*'()"} {
			s.Put("b", key, million)
			out, err := c.GetObject(t.Context(), get(key))
			require.NoError(t, err, key)
			require.Equal(t, million, readAll(t, out))
			_, err = c.PutObject(t.Context(), put(million, func(in *s3.PutObjectInput) { in.Key = aws.String(key + "2") }))
			require.NoError(t, err, key)
		}
		_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		require.NoError(t, err)
		_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		require.NoError(t, err)

		stats := f.Stats()
		require.EqualValues(t, 12, stats.Requests)
		require.Zero(t, stats.Faults)
		require.EqualValues(t, 5e6, stats.BytesSent)
		require.GreaterOrEqual(t, stats.BytesReceived, int64(5e6))
		require.Equal(t, s3test.KeyStats{Requests: 3, BytesSent: 1e6}, stats.Keys["b/k"])
		f.ResetStats()
		require.Zero(t, f.Stats().KeyStats)
	})
}

func TestBrokenBodies(t *testing.T) {
	tests := map[string]struct {
		fault s3test.Fault
		least int // bytes that come
		most  int
		err   error
	}{
		"cut at once":       {s3test.Cut(0), 0, 0, io.ErrUnexpectedEOF},
		"cut":               {s3test.Cut(123_456), 123_456, 123_456, io.ErrUnexpectedEOF},
		"cut near the end":  {s3test.Cut(999_999), 999_999, 999_999, io.ErrUnexpectedEOF},
		"cut after the end": {s3test.Cut(1e6), 1e6, 1e6, nil},
		"reset":             {s3test.ResetAfter(123_456), 0, 123_456, connReset},
		"two":               {s3test.Join(s3test.Cut(500), s3test.Cut(100)), 100, 100, io.ErrUnexpectedEOF},
		"flow":              {s3test.Throttle(1 << 30), 1e6, 1e6, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			faulty(t, s3test.Always(tt.fault), func(t *testing.T, _ *s3test.S3, c *s3.Client, f *s3test.Faults) {
				out, err := c.GetObject(t.Context(), get("k"), plain)
				require.NoError(t, err)
				require.EqualValues(t, 1e6, *out.ContentLength)
				data, err := io.ReadAll(out.Body)
				require.NoError(t, out.Body.Close())
				if tt.err == nil {
					require.NoError(t, err)
				} else if !errors.Is(err, tt.err) {
					require.NotErrorIs(t, err, io.EOF)
					require.Error(t, err)
					require.Contains(t, err.Error(), "forcibly closed", "Windows says it so, others %v", tt.err)
				}
				require.GreaterOrEqual(t, len(data), tt.least)
				require.LessOrEqual(t, len(data), tt.most)
				require.Equal(t, million[:len(data)], data)
				require.EqualValues(t, tt.most, f.Stats().BytesSent)
				require.EqualValues(t, 1, f.Stats().Faults)
			})
		})
	}
}

// TestBreakAtTheEnd: a body is left alone by what would break it behind its last
// byte, also if nobody has announced how long it is.
func TestBreakAtTheEnd(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := r.URL.Query().Get("length"); n != "" {
			w.Header().Set("Content-Length", n)
		}
		_, _ = w.Write([]byte("hel"))
		_, _ = w.Write([]byte("lo"))
	})
	for _, fault := range []func(int64) s3test.Fault{
		s3test.Cut, s3test.ResetAfter,
		func(n int64) s3test.Fault { return s3test.Stall(n, 0) },
		func(n int64) s3test.Fault { return s3test.StallUntil(n, nil) },
	} {
		for _, query := range []string{"", "?length=5"} {
			for n := range int64(8) {
				f := s3test.NewFaults(&s3test.Transport{Handler: handler}, s3test.Always(fault(n)))
				ctx, cancel := context.WithCancelCause(t.Context())
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://s3.test/b/k"+query, nil)
				require.NoError(t, err)
				resp, err := f.HTTPClient().Do(req)
				require.NoError(t, err)
				if n < 5 { // wakes those that stall
					cancel(io.ErrUnexpectedEOF)
					resp.Body.Close()
					continue
				}
				data, err := io.ReadAll(resp.Body)
				require.NoError(t, err, "%v%s", fault(n), query)
				require.Equal(t, "hello", string(data))
				require.NoError(t, resp.Body.Close())
				cancel(nil)
			}
		}
	}
	for n := range int64(5) {
		f := s3test.NewFaults(&s3test.Transport{Handler: handler}, s3test.Always(s3test.Cut(n)))
		resp, err := f.HTTPClient().Get("http://s3.test/b/k")
		require.NoError(t, err)
		data, err := io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, "hello"[:n], string(data))
		require.NoError(t, resp.Body.Close())
		until := make(chan struct{})
		close(until)
		f.SetScript(s3test.Always(s3test.StallUntil(n, until)))
		resp, err = f.HTTPClient().Get("http://s3.test/b/k")
		require.NoError(t, err)
		data, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, "hello", string(data), "it goes on")
		require.NoError(t, resp.Body.Close())
	}
}

func TestStall(t *testing.T) {
	t.Run("until the client gives up", func(t *testing.T) {
		faulty(t, s3test.Always(s3test.Stall(1000, 0)), func(t *testing.T, _ *s3test.S3, c *s3.Client, _ *s3test.Faults) {
			ctx, cancel := context.WithCancel(t.Context())
			out, err := c.GetObject(ctx, get("k"), plain)
			require.NoError(t, err)
			_, err = io.ReadFull(out.Body, make([]byte, 1000))
			require.NoError(t, err, "what comes before the stall arrives")
			cancel()
			_, err = out.Body.Read(make([]byte, 1))
			require.ErrorIs(t, err, context.Canceled)
			require.NoError(t, out.Body.Close())
		})
	})
	t.Run("until told", func(t *testing.T) {
		until := make(chan struct{}, 1)
		faulty(t, s3test.Always(s3test.StallUntil(1000, until)), func(t *testing.T, _ *s3test.S3, c *s3.Client, _ *s3test.Faults) {
			out, err := c.GetObject(t.Context(), get("k"), plain)
			require.NoError(t, err)
			_, err = io.ReadFull(out.Body, make([]byte, 1000))
			require.NoError(t, err)
			until <- struct{}{}
			require.Equal(t, million[1000:], readAll(t, out))
		})
	})
	t.Run("closed", func(t *testing.T) {
		// Close unblocks a Read, in the proxy and here.
		faulty(t, s3test.Always(s3test.Stall(1000, 0)), func(t *testing.T, _ *s3test.S3, c *s3.Client, _ *s3test.Faults) {
			out, err := c.GetObject(t.Context(), get("k"), plain)
			require.NoError(t, err)
			require.NoError(t, out.Body.Close())
		})
	})
	t.Run("for a time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := s3test.New()
			s.Put("b", "k", million)
			f := s3test.NewFaults(s.HTTPClient().Transport, s3test.Always(s3test.Stall(1000, time.Minute)))
			start := time.Now()
			out, err := s3test.NewClient("http://s3.test", f.HTTPClient()).GetObject(t.Context(), get("k"))
			require.NoError(t, err)
			require.Equal(t, million, readAll(t, out))
			require.Equal(t, time.Minute, time.Since(start))
		})
	})
}

func TestHang(t *testing.T) {
	arrived := make(chan struct{}, 1)
	hang := s3test.Join(s3test.Before(func(*http.Request) { arrived <- struct{}{} }), s3test.Hang())
	faulty(t, s3test.Always(hang), func(t *testing.T, _ *s3test.S3, c *s3.Client, _ *s3test.Faults) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		_, err := c.GetObject(ctx, get("k"))
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		fault  s3test.Fault
		status int
		code   string
		retry  string
	}{
		"internal error":          {s3test.InternalError(), 500, "InternalError", ""},
		"slow down":               {s3test.SlowDown(0), 503, "SlowDown", ""},
		"slow down, with a time":  {s3test.SlowDown(1500 * time.Millisecond), 503, "SlowDown", "2"},
		"forbidden":               {s3test.Status(403, "AccessDenied"), 403, "AccessDenied", ""},
		"early":                   {s3test.Early(0, 503, "SlowDown"), 503, "SlowDown", ""},
		"early, later":            {s3test.Early(1000, 503, "SlowDown"), 503, "SlowDown", ""},
		"early, after everything": {s3test.Early(1e9, 503, "SlowDown"), 503, "SlowDown", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			faulty(t, s3test.Always(tt.fault), func(t *testing.T, s *s3test.S3, c *s3.Client, f *s3test.Faults) {
				_, err := c.GetObject(t.Context(), get("k"))
				requireAPIError(t, err, tt.status, tt.code)
				resp, _ := errors.AsType[*awshttp.ResponseError](err)
				require.Equal(t, tt.retry, resp.HTTPResponse().Header.Get("Retry-After"))
				_, err = c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
				require.Error(t, err)
				_, err = c.PutObject(t.Context(), put([]byte("small")))
				requireAPIError(t, err, tt.status, tt.code)
				o, _ := s.Object("b", "k")
				require.Equal(t, million, o.Data)
				require.Empty(t, s.Requests(), "nothing reaches S3")
				require.EqualValues(t, 3, f.Stats().Faults)
			})
		})
	}
}

// An answer comes while the client would send for ever.
func TestEarlyAnswer(t *testing.T) {
	for _, tls := range []bool{false, true} {
		t.Run("tls="+strconv.FormatBool(tls), func(t *testing.T) {
			s := s3test.New()
			p := s3test.NewProxy("http://s3.test", s3test.Always(s3test.Early(10, 503, "SlowDown")), func(o *s3test.ProxyOptions) {
				o.TLS, o.Transport = tls, s.HTTPClient().Transport
			})
			defer p.Close()
			pr, pw := io.Pipe()
			sent := make(chan error, 1)
			go func() {
				_, err := pw.Write(make([]byte, 10)) // and no more, until the answer is there
				sent <- err
			}()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL+"/b/k", pr)
			require.NoError(t, err)
			req.ContentLength = 1 << 20
			resp, err := p.HTTPClient().Do(req)
			require.NoError(t, err)
			require.Equal(t, 503, resp.StatusCode)
			require.NoError(t, <-sent)
			require.NoError(t, resp.Body.Close())
			pw.Close()
			require.EqualValues(t, 10, p.Stats().BytesReceived)
		})
	}
}

func TestReset(t *testing.T) {
	faulty(t, s3test.Always(s3test.Reset()), func(t *testing.T, s *s3test.S3, c *s3.Client, _ *s3test.Faults) {
		_, err := c.GetObject(t.Context(), get("k"))
		require.Error(t, err)
		requireReset(t, err)
		require.Empty(t, s.Requests())
	})
}

func requireReset(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, connReset) { // Windows has an error of its own
		require.Error(t, err)
		require.Contains(t, err.Error(), "forcibly closed")
	}
}

func TestLoseAnswer(t *testing.T) {
	script := s3test.Rules(s3test.Rule{Method: "PUT", Fault: s3test.LoseAnswer()})
	faulty(t, script, func(t *testing.T, s *s3test.S3, c *s3.Client, _ *s3test.Faults) {
		_, err := c.PutObject(t.Context(), put([]byte("new")))
		requireReset(t, err)
		o, _ := s.Object("b", "k")
		require.Equal(t, "new", string(o.Data), "it has happened")
	})
}

func TestFlip(t *testing.T) {
	faulty(t, s3test.Always(s3test.Flip(765_432)), func(t *testing.T, s *s3test.S3, c *s3.Client, _ *s3test.Faults) {
		out, err := c.GetObject(t.Context(), get("k"), plain)
		require.NoError(t, err)
		want := bytes.Clone(million)
		want[765_432] ^= 1
		require.Equal(t, want, readAll(t, out))

		out, err = c.GetObject(t.Context(), get("k"))
		require.NoError(t, err)
		_, err = io.ReadAll(out.Body)
		require.ErrorContains(t, err, "checksum did not match", "the SDK verifies")
		require.NoError(t, out.Body.Close())
		o, _ := s.Object("b", "k")
		require.Equal(t, million, o.Data, "the stored object is not touched")
	})
}

func TestContentRange(t *testing.T) {
	script := func(_ *http.Request, n int) s3test.Fault {
		return s3test.ContentRange([]string{"bytes 0-9/11", ""}[(n-1)%2])
	}
	faulty(t, script, func(t *testing.T, s *s3test.S3, c *s3.Client, _ *s3test.Faults) {
		for _, want := range []*string{aws.String("bytes 0-9/11"), nil} {
			out, err := c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.Range = aws.String("bytes=10-19") }))
			require.NoError(t, err)
			require.Equal(t, million[10:20], readAll(t, out))
			require.Equal(t, want, out.ContentRange)
		}
		out, err := c.GetObject(t.Context(), get("k"))
		require.NoError(t, err)
		readAll(t, out)
		require.Nil(t, out.ContentRange, "not on a whole object")
	})
}

func TestReplaced(t *testing.T) {
	fake := `"0123456789abcdef0123456789abcdef"`
	faulty(t, s3test.Always(s3test.Replaced(fake)), func(t *testing.T, s *s3test.S3, c *s3.Client, _ *s3test.Faults) {
		o, _ := s.Object("b", "k")
		_, err := c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.IfMatch = &o.ETag }))
		requireAPIError(t, err, 412, "PreconditionFailed")
		for _, match := range []*string{nil, &fake} {
			out, err := c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.IfMatch = match }))
			require.NoError(t, err)
			require.Equal(t, fake, *out.ETag)
			require.Equal(t, million, readAll(t, out))
		}
	})
}

func TestBefore(t *testing.T) {
	for name, way := range faultWays {
		t.Run(name, func(t *testing.T) {
			s := s3test.New()
			o := s.Put("b", "k", []byte("old"))
			c, _ := way(t, s, s3test.Rules(s3test.Rule{Skip: 1, Times: 1, Fault: s3test.Before(func(*http.Request) {
				s.Put("b", "k", []byte("new"))
			})}))
			out, err := c.GetObject(t.Context(), get("k"))
			require.NoError(t, err)
			_, err = c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.IfMatch = &o.ETag }))
			requireAPIError(t, err, 412, "PreconditionFailed")
			require.Equal(t, "old", string(readAll(t, out)), "an open body keeps its version")
		})
	}
}

// Time is exact in a bubble.
func TestThrottleAndDelay(t *testing.T) {
	for _, rate := range []int64{1000, 1e6, 90e6} {
		t.Run(strconv.FormatInt(rate, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := s3test.New()
				s.Put("b", "k", million)
				f := s3test.NewFaults(s.HTTPClient().Transport,
					s3test.Always(s3test.Join(s3test.Delay(20*time.Millisecond), s3test.Throttle(rate))))
				c := s3test.NewClient("http://s3.test", f.HTTPClient())
				body := time.Duration(1e6 * float64(time.Second) / float64(rate))

				start := time.Now()
				out, err := c.GetObject(t.Context(), get("k"))
				require.NoError(t, err)
				require.Equal(t, 20*time.Millisecond, time.Since(start))
				require.Equal(t, million, readAll(t, out))
				// What the delay leaves unused is the paced body's debt.
				require.InDelta(t, 20*time.Millisecond+body, time.Since(start), float64(20*time.Millisecond))

				start = time.Now()
				_, err = c.PutObject(t.Context(), put(million))
				require.NoError(t, err)
				require.InDelta(t, max(20*time.Millisecond, body), time.Since(start), float64(20*time.Millisecond))

				// A client that closes or gives up does not wait.
				start = time.Now()
				out, err = c.GetObject(t.Context(), get("k"))
				require.NoError(t, err)
				require.NoError(t, out.Body.Close())
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer cancel()
				_, err = c.GetObject(ctx, get("k"))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, 30*time.Millisecond, time.Since(start))
			})
		})
	}
}

func TestRules(t *testing.T) {
	fault := func(name string) s3test.Fault { return s3test.Fault{Name: name} }
	script := s3test.Rules(
		s3test.Rule{Key: "exact", Fault: fault("key")},
		s3test.Rule{Key: "pre*", Times: 1, Fault: fault("prefix once")},
		s3test.Rule{Range: "bytes=0-9", Skip: 1, Fault: fault("range from the second")},
		s3test.Rule{Operation: "UploadPart", Fault: fault("operation")},
		s3test.Rule{Method: "PUT", Skip: 1, Times: 2, Fault: fault("two puts after the first")},
		s3test.Rule{Match: func(r *http.Request) bool { return r.Header.Get("X-Test") != "" }, Fault: fault("match")},
	)
	steps := []struct{ method, url, header, value, want string }{
		{"GET", "/b/exact", "", "", "key"},
		{"GET", "/b/exactly", "", "", ""},
		{"GET", "/b/prefix", "", "", "prefix once"},
		{"GET", "/b/prefix", "", "", ""},
		{"GET", "/b/k", "Range", "bytes=0-9", ""},
		{"GET", "/b/k", "Range", "bytes=0-9", "range from the second"},
		{"PUT", "/b/k?partNumber=1&uploadId=x", "", "", "operation"},
		{"PUT", "/b/k", "", "", ""},
		{"PUT", "/b/k", "", "", "two puts after the first"},
		{"PUT", "/b/k", "", "", "two puts after the first"},
		{"PUT", "/b/k", "", "", ""},
		{"GET", "/b/k", "X-Test", "1", "match"},
		{"GET", "/b/k", "", "", ""},
	}
	for i, step := range steps {
		r, err := http.NewRequest(step.method, "http://s3.test"+step.url, nil)
		require.NoError(t, err)
		if step.header != "" {
			r.Header.Set(step.header, step.value)
		}
		require.Equal(t, step.want, script(r, i+1).String(), "step %d: %+v", i, step)
	}
	require.Equal(t, "a, b", s3test.Join(s3test.Fault{}, named("a"), named("b")).String())
	require.Nil(t, s3test.Join(s3test.Fault{}).RoundTrip)
}

func named(name string) s3test.Fault {
	f := s3test.Hang()
	f.Name = name
	return f
}

func TestRandom(t *testing.T) {
	odds := s3test.Odds{Cut: 0.1, ResetAfter: 0.1, Stall: 0.1, Flip: 0.1, ContentRange: 0.1, Reset: 0.1, LoseAnswer: 0.1,
		SlowDown: 0.1, InternalError: 0.1, Early: 0.05, StallFor: time.Second}
	// draw returns what happens to 3 requests for each of 300 keys, in either order.
	draw := func(seed uint64, backwards bool) map[string]int {
		script := s3test.Random(seed, odds)
		drawn := map[string]int{}
		for i := range 300 {
			if backwards {
				i = 299 - i
			}
			for try := range 3 {
				r, err := http.NewRequest("GET", "http://s3.test/b/"+strconv.Itoa(i), nil)
				require.NoError(t, err)
				drawn[strconv.Itoa(i)+" "+strconv.Itoa(try)+" "+script(r, 0).Name]++
			}
		}
		return drawn
	}
	require.Equal(t, draw(1, false), draw(1, true))
	require.NotEqual(t, draw(1, false), draw(2, false))
	none := 0
	for name := range draw(1, false) {
		if name[len(name)-1] == ' ' {
			none++
		}
	}
	require.InDelta(t, 45, none, 30, "of 900, one in twenty has no fault")
	require.Panics(t, func() { s3test.Random(1, s3test.Odds{Cut: 0.6, Flip: 0.6}) })
	require.Panics(t, func() { s3test.Random(1, s3test.Odds{Cut: -1}) })
}

// Whatever happens, a transfer that succeeds has the right bytes.
func TestRandomTransfers(t *testing.T) {
	odds := s3test.Odds{Cut: 0.05, ResetAfter: 0.05, Stall: 0.05, Flip: 0.05, Reset: 0.05, LoseAnswer: 0.05,
		SlowDown: 0.05, InternalError: 0.05, Early: 0.05, StallFor: time.Millisecond}
	var good, bad atomic.Int64
	faulty(t, nil, func(t *testing.T, s *s3test.S3, c *s3.Client, f *s3test.Faults) {
		f.SetScript(s3test.Random(7, odds))
		for i := range 100 {
			in := get("k", func(in *s3.GetObjectInput) {
				if i%2 == 1 {
					in.Range = aws.String("bytes=" + strconv.Itoa(i) + "-")
				}
			})
			want := million
			if i%2 == 1 {
				want = million[i:]
			}
			out, err := c.GetObject(t.Context(), in)
			if err == nil {
				var data []byte
				data, err = io.ReadAll(out.Body)
				require.NoError(t, out.Body.Close())
				if err == nil && i%2 == 0 { // ranges are not verified
					require.Equal(t, want, data)
				}
				if err == nil {
					require.Len(t, data, len(want))
				}
			}
			if err == nil {
				good.Add(1)
			} else {
				bad.Add(1)
			}
			_, err = c.PutObject(t.Context(), put(million[:100_000], func(in *s3.PutObjectInput) { in.Key = aws.String(strconv.Itoa(i)) }))
			if err == nil {
				o, ok := s.Object("b", strconv.Itoa(i))
				require.True(t, ok)
				require.Equal(t, million[:100_000], o.Data)
			}
		}
	})
	require.Greater(t, good.Load(), int64(100))
	require.Greater(t, bad.Load(), int64(30))
}
