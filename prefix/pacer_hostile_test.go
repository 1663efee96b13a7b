package prefix_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

// A repeat is what a middleware of the caller's does with the call of the next one.
type repeat func(next func(i int) error) error

var repeats = map[string]repeat{
	"retry": func(next func(int) error) (err error) {
		for i := range 3 {
			if err = next(i); err == nil {
				return nil
			}
		}
		return err
	},
	"always again": func(next func(int) error) error {
		_ = next(0)
		return next(1)
	},
}

// places are where such a middleware may be.
var places = map[string]func(*middleware.Stack, repeat) error{
	"before the input": func(s *middleware.Stack, r repeat) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("hostile", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			var mu sync.Mutex
			var out middleware.InitializeOutput
			var md middleware.Metadata
			err := r(func(int) error {
				o, m, err := next.HandleInitialize(ctx, in)
				mu.Lock()
				defer mu.Unlock()
				if err == nil && out.Result == nil {
					out, md = o, m
				}
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			return out, md, err
		}), middleware.Before)
	},
	"around the retry loop": func(s *middleware.Stack, r repeat) error {
		return s.Finalize.Add(finalizer(r), middleware.Before)
	},
	"around an attempt": func(s *middleware.Stack, r repeat) error {
		return s.Finalize.Insert(finalizer(r), "Retry", middleware.After)
	},
	"in an attempt": func(s *middleware.Stack, r repeat) error {
		return s.Finalize.Insert(finalizer(r), "Signing", middleware.Before)
	},
}

func finalizer(r repeat) middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("hostile", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		var mu sync.Mutex
		var out middleware.FinalizeOutput
		var md middleware.Metadata
		clones := []*smithyhttp.Request{}
		for range 3 {
			clones = append(clones, in.Request.(*smithyhttp.Request).Clone())
		}
		err := r(func(i int) error {
			o, m, err := next.HandleFinalize(ctx, middleware.FinalizeInput{Request: clones[i]})
			mu.Lock()
			defer mu.Unlock()
			if err == nil && out.Result == nil {
				out, md = o, m
			}
			return err
		})
		mu.Lock()
		defer mu.Unlock()
		return out, md, err
	})
}

// moody refuses the first two attempts for each key, breaks the third, and takes a while.
type moody struct {
	mu   sync.Mutex
	seen map[string]int
}

func (m *moody) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.seen[r.URL.Path]++
	n := m.seen[r.URL.Path]
	m.mu.Unlock()
	time.Sleep(time.Duration(n%3) * 30 * time.Millisecond)
	switch {
	case n <= 2:
		return &http.Response{StatusCode: 503, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	case n == 3:
		return nil, io.ErrUnexpectedEOF
	}
	return instant{}.RoundTrip(r)
}

// TestPacerHostileMiddleware: a caller's middleware may call the next one again.
// Nothing is taken for another call's.
func TestPacerHostileMiddleware(t *testing.T) {
	for place, add := range places {
		for way, r := range repeats {
			t.Run(place+"/"+way, func(t *testing.T) {
				checkHostile(t, add, r, way == "always again" && place == "in an attempt") // there one refusal of two is one
			})
		}
	}
}

func checkHostile(t *testing.T, add func(*middleware.Stack, repeat) error, r repeat, mayFail bool) {
	synctest.Test(t, func(t *testing.T) {
		m := &moody{seen: map[string]int{}}
		pacer := prefix.NewPacer()
		c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: m}, func(o *s3.Options) {
			// The newest SDK's quota is too small for so many failures.
			o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None })
		}, pacer.Attach, func(o *s3.Options) {
			o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return add(s, r) })
		})
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				in := &s3.HeadObjectInput{Bucket: aws.String(fmt.Sprint("b", i%4)), Key: aws.String(fmt.Sprint("k", i))}
				if _, err := c.HeadObject(t.Context(), in); !mayFail {
					require.NoError(t, err)
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Minute) // for what goes on behind the calls
		require.Len(t, m.seen, 40)
		for path := range m.seen {
			require.Regexp(t, `^/b\d/k\d+$`, path)
		}
		for _, s := range pacer.Stats() {
			require.Regexp(t, `^b\d$`, s.Bucket)
			require.Zero(t, s.Waiting)
		}
	})
}

// TestPacerFailover: a middleware that goes to another bucket is paced as what it asks
// for.
func TestPacerFailover(t *testing.T) {
	checkFailover(t, func(first, other func() error) error {
		require.Error(t, first())
		return other()
	})
}

func checkFailover(t *testing.T, ask func(first, other func() error) error) {
	synctest.Test(t, func(t *testing.T) {
		slow := &statusFor{bucket: "/busy/", status: 503}
		pacer := prefix.NewPacer(func(o *prefix.PacerOptions) { o.MaxThrottles = 1 })
		c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: slow}, pacer.Attach, func(o *s3.Options) {
			o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
				return s.Initialize.Add(middleware.InitializeMiddlewareFunc("failover", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, md middleware.Metadata, err error) {
					calm := *in.Parameters.(*s3.HeadObjectInput)
					calm.Bucket = aws.String("calm")
					err = ask(func() error {
						_, _, err := next.HandleInitialize(ctx, in)
						return err
					}, func() error {
						out, md, err = next.HandleInitialize(ctx, middleware.InitializeInput{Parameters: &calm})
						return err
					})
					return out, md, err
				}), middleware.Before)
			})
		})
		for range 10 {
			_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("busy"), Key: aws.String("k")})
			require.NoError(t, err)
		}
		for _, s := range pacer.Stats() {
			require.Equal(t, "busy", s.Bucket)
		}
		require.NotEmpty(t, pacer.Stats())
	})
}

type statusFor struct {
	bucket string
	status int
}

func (s *statusFor) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := instant{}.RoundTrip(r)
	if strings.HasPrefix(r.URL.Path, s.bucket) {
		resp.StatusCode = s.status
	}
	return resp, err
}

// TestPacerPanic: a transport that panics or ends its goroutine leaves the Pacer as it was.
func TestPacerPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := "refuse"
		pacer := prefix.NewPacer()
		c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			switch way {
			case "panic":
				panic("transport")
			case "exit":
				runtime.Goexit()
			case "refuse":
				way = "serve"
				return (&statusFor{"/b/", 503}).RoundTrip(r)
			}
			return instant{}.RoundTrip(r)
		})}, pacer.Attach)
		head := func() error {
			_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
			return err
		}
		require.NoError(t, head())
		require.NotEmpty(t, pacer.Stats())
		way = "panic"
		require.PanicsWithValue(t, "transport", func() { _ = head() })
		way = "exit"
		done := make(chan struct{})
		go func() { defer close(done); _ = head() }()
		<-done
		way = "serve"
		require.NoError(t, head())
		require.Zero(t, pacer.Stats()[0].Waiting)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestOperationMaxAttempts: an operation's own number of attempts is for failures, not
// for refusals, and what it sends is whole each time.
func TestOperationMaxAttempts(t *testing.T) {
	for name, tc := range map[string]struct {
		slow, broken, most int
		attempts           int
		err                string
	}{
		"refused":            {5, 0, 5, 6, ""},
		"refused often":      {60, 0, 5, 61, ""},
		"refused too often":  {200, 0, 5, 101, "503"},
		"and broken":         {13, 4, 5, 18, ""},
		"broken too often":   {13, 5, 5, 18, "exceeded maximum number of attempts, 5"},
		"once":               {13, 0, 1, 14, ""},
		"broken once":        {13, 1, 1, 14, "exceeded maximum number of attempts, 1"},
		"more than a client": {0, 7, 8, 8, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &breaks{slow: tc.slow, n: tc.broken, attempts: map[string]int{}}
				body := bytes.Repeat([]byte("body"), 1000)
				c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					got, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					require.Contains(t, string(got), string(body[:1000]))
					return b.RoundTrip(r)
				})}, prefix.NewPacer().Attach)
				_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(body)},
					func(o *s3.Options) { o.RetryMaxAttempts = tc.most })
				require.Equal(t, tc.attempts, b.attempts["/b/k"], err)
				if tc.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tc.err)
				}
			})
		})
	}
	// Its context ends it between two loops too.
	synctest.Test(t, func(t *testing.T) {
		b := &breaks{slow: 1000, attempts: map[string]int{}}
		c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: b}, prefix.NewPacer().Attach)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

// TestPacerKeys: keys of every byte are paced, and do not forge lines.
func TestPacerKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer := prefix.NewPacer()
		c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: &statusFor{"/b/", 503}}, pacer.Attach)
		var keys []string
		for i := range 256 {
			keys = append(keys, fmt.Sprintf("dir/\n2026 forged: %c%c/x", i, i)+string([]byte{byte(i)}))
		}
		keys = append(keys, "..", "//", "+", "%2F", strings.Repeat("k", 1024), "日本/🎈", "\xff\xfe")
		var wg sync.WaitGroup
		for _, key := range keys {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("b"), Key: &key})
				require.Error(t, err)
				require.NotContains(t, err.Error(), "\n2026")
			})
		}
		wg.Wait()
		require.Equal(t, len(pacer.Stats()), strings.Count(pacer.String(), "\n"))
		require.NotContains(t, pacer.String(), "\n2026")
	})
}
