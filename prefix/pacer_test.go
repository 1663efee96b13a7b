package prefix_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

// slowS3 returns an S3 in memory with a bucket "b" whose partitions, cut at cuts,
// serve so many writes per second, and a transport to it that takes 20 ms.
func slowS3(writes float64, cuts ...string) (*s3test.S3, *s3test.Partitions, *http.Client) {
	parts := s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.Writes, o.Cuts = writes, cuts })
	fake := s3test.New(func(o *s3test.Options) { o.Partitions = parts })
	fake.CreateBucket("b", false)
	return fake, parts, &http.Client{Transport: distant{fake.HTTPClient().Transport}}
}

type distant struct{ http.RoundTripper }

func (d distant) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(r)
	time.Sleep(20 * time.Millisecond)
	return resp, err
}

func put(ctx context.Context, c *s3.Client, key string) error {
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String(key), Body: strings.NewReader("x")})
	return err
}

// writers puts objects, from so many goroutines, until ctx ends.
func writers(ctx context.Context, c *s3.Client, n int, prefix string) (wait func() (served, failed int64)) {
	var wg sync.WaitGroup
	var served, failed atomic.Int64
	for w := range n {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				switch err := put(ctx, c, fmt.Sprintf("%s%d/%d", prefix, w, i%3)); {
				case err == nil:
					served.Add(1)
				case ctx.Err() == nil:
					failed.Add(1)
				}
			}
		})
	}
	return func() (int64, int64) { wg.Wait(); return served.Load(), failed.Load() }
}

// The real client, through the real stack, in virtual time: ten times what a
// partition serves fails with the SDK alone and is served with a Pacer; what goes to
// another partition meanwhile is not slowed.
func TestPacerClient(t *testing.T) {
	const rate, seconds = 200, 10
	for name, paced := range map[string]bool{"SDK": false, "Pacer": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, parts, hc := slowS3(rate, "hot/")
				pacer := prefix.NewPacer()
				c := s3test.NewClient("https://"+s3test.Domain, hc, func(o *s3.Options) {
					if paced {
						pacer.Attach(o)
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), seconds*time.Second)
				defer cancel()
				hot := writers(ctx, c, 10*rate/50, "hot/")
				cold := writers(ctx, c, 2, "cold/") // 100 per second, half of the other partition
				served, failed := hot()
				other, otherFailed := cold()
				stats := parts.Stats("b", time.Now())
				refused := float64(stats.Refused.Writes) / float64(stats.Refused.Writes+stats.Served.Writes)
				t.Logf("hot %d served, %d failed; cold %d served, %d failed; %.1f %% refused\n%v", served, failed, other, otherFailed, 100*refused, pacer)
				if !paced {
					require.Greater(t, failed, int64(50))
					require.Empty(t, pacer.Stats())
					return
				}
				require.Zero(t, failed)
				require.Zero(t, otherFailed)
				require.Greater(t, served, int64(0.93*rate*seconds))
				require.Greater(t, other, int64(0.9*100*seconds))
				require.Less(t, refused, 0.25) // half a second of ten times too much in it
				require.Contains(t, pacer.String(), "writes to b/hot/*")
			})
		})
	}
}

// Through a socket, in real time.
func TestPacerServer(t *testing.T) {
	parts := s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.Writes = 30 })
	srv := s3test.NewServer(func(o *s3test.ServerOptions) { o.Partitions = parts })
	defer srv.Close()
	srv.CreateBucket("b", false)
	pacer := prefix.NewPacer()
	c := srv.Client(pacer.Attach)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	served, failed := writers(ctx, c, 20, "k/")()
	require.Zero(t, failed)
	require.Greater(t, served, int64(20)) // of 90, on a machine that may be busy
	stats := pacer.Stats()
	require.NotEmpty(t, stats)
	require.True(t, stats[0].Write)
	require.Equal(t, "b", stats[0].Bucket)
}

// Reads are not slowed by writes, nor one bucket by another.
func TestPacerApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, _, hc := slowS3(1)
		fake.Put("b", "k", nil)
		fake.Put("c", "k", nil)
		pacer := prefix.NewPacer()
		c := s3test.NewClient("https://"+s3test.Domain, hc, pacer.Attach)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		wait := writers(ctx, c, 5, "k")
		start := time.Now()
		for range 100 {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
			require.NoError(t, err)
		}
		require.Equal(t, 2*time.Second, time.Since(start), "a hundred round trips")
		wait()
		for _, s := range pacer.Stats() {
			require.True(t, s.Write)
		}
	})
}

// A wait ends with its context, and says what it was for.
func TestPacerContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, hc := slowS3(1)
		pacer := prefix.NewPacer()
		c := s3test.NewClient("https://"+s3test.Domain, hc, pacer.Attach)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		wait := writers(ctx, c, 20, "k")
		time.Sleep(10 * time.Second)

		short, cancelShort := context.WithTimeout(t.Context(), time.Second)
		defer cancelShort()
		start := time.Now()
		err := put(short, c, "k")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "prefix: waiting for the rate of b/k: ")
		require.Equal(t, time.Second, time.Since(start))
		_, failed := wait()
		require.Zero(t, failed)
		for _, s := range pacer.Stats() {
			require.Zero(t, s.Waiting)
		}
	})
}

// What has been learnt is forgotten when it is not needed any more.
func TestPacerForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, hc := slowS3(50, "hot/")
		pacer := prefix.NewPacer(func(o *prefix.PacerOptions) { o.IdleAfter = 30 * time.Second })
		c := s3test.NewClient("https://"+s3test.Domain, hc, pacer.Attach)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		wait := writers(ctx, c, 20, "hot/")
		writers(ctx, c, 1, "cold/")()
		wait()
		require.NotEmpty(t, pacer.Stats())
		for range 40 {
			time.Sleep(time.Second)
			require.NoError(t, put(t.Context(), c, "cold/x"))
		}
		require.Empty(t, pacer.Stats())
		require.Equal(t, "nothing has been refused", pacer.String())
	})
}

// Memory is bounded, whatever refuses.
func TestPacerBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := s3test.NewFaults(nil, s3test.Always(s3test.SlowDown(0)))
		pacer := prefix.NewPacer(func(o *prefix.PacerOptions) { o.MaxPrefixes, o.MaxThrottles = 3, 1 })
		c := s3test.NewClient("https://"+s3test.Domain, busy.HTTPClient(), pacer.Attach)
		for i := range 10 {
			_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(fmt.Sprintf("b%d", i)), Key: aws.String("k")})
			require.Error(t, err)
		}
		require.Len(t, pacer.Stats(), 3)
	})
}

func TestPacerOptions(t *testing.T) {
	require.PanicsWithValue(t, "prefix: PacerOptions.MaxPrefixes is -1; it must not be negative", func() {
		prefix.NewPacer(func(o *prefix.PacerOptions) { o.MaxPrefixes = -1 })
	})
	require.PanicsWithValue(t, "prefix: PacerOptions.IdleAfter is -1s; it must not be negative", func() {
		prefix.NewPacer(func(o *prefix.PacerOptions) { o.IdleAfter = -time.Second })
	})
}

// Presigning sends nothing and waits for nothing.
func TestPacerPresign(t *testing.T) {
	c := s3test.New().Client(prefix.NewPacer().Attach)
	req, err := s3.NewPresignClient(c).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	require.NoError(t, err)
	require.Contains(t, req.URL, "X-Amz-Signature")
}

// instant answers every request at once.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// breaks is a transport whose connections break n times for each key, after SlowDown
// has been answered m times.
type breaks struct {
	mu       sync.Mutex
	slow, n  int
	attempts map[string]int
}

func (b *breaks) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempts[r.URL.Path]++
	switch n := b.attempts[r.URL.Path]; {
	case n <= b.slow:
		return &http.Response{StatusCode: 503, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	case n <= b.slow+b.n:
		return nil, fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
	}
	return instant{}.RoundTrip(r)
}

// Refusals are neither counted among the attempts nor taken from the quota; other
// failures are, as without a Pacer.
func TestRetryer(t *testing.T) {
	head := func(t *testing.T, slow, broken int, optFns ...func(*s3.Options)) (int, error) {
		b := &breaks{slow: slow, n: broken, attempts: map[string]int{}}
		c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: b}, optFns...)
		_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		return b.attempts["/b/k"], err
	}
	attach := func(optFns ...func(*prefix.PacerOptions)) func(*s3.Options) {
		return func(o *s3.Options) { prefix.NewPacer(optFns...).Attach(o) }
	}
	alone := func(opt func(*prefix.RetryOptions)) func(*s3.Options) {
		return func(o *s3.Options) {
			o.Retryer = prefix.NewRetryer(o.Retryer, func(o *prefix.RetryOptions) {
				if opt != nil {
					opt(o)
				}
			})
		}
	}
	for name, tc := range map[string]struct {
		slow, broken int
		option       []func(*s3.Options)
		attempts     int
		err          string
	}{
		"SDK, refused":         {3, 0, nil, 3, "exceeded maximum number of attempts, 3"},
		"refused often":        {20, 0, []func(*s3.Options){attach()}, 21, ""},
		"refused too often":    {20, 0, []func(*s3.Options){attach(func(o *prefix.PacerOptions) { o.MaxThrottles = 4 })}, 5, "503"},
		"refused and broken":   {20, 2, []func(*s3.Options){attach()}, 23, ""},
		"broken too often":     {20, 3, []func(*s3.Options){attach()}, 23, "exceeded maximum number of attempts, 3"},
		"attempts set before":  {20, 3, []func(*s3.Options){func(o *s3.Options) { o.RetryMaxAttempts = 5 }, attach()}, 24, ""},
		"without end":          {300, 0, []func(*s3.Options){attach(func(o *prefix.PacerOptions) { o.MaxThrottles = -1 })}, 301, ""},
		"NewRetryer":           {20, 0, []func(*s3.Options){func(o *s3.Options) { o.Retryer = prefix.NewRetryer(o.Retryer) }}, 21, ""},
		"NewRetryer, both":     {20, 2, []func(*s3.Options){alone(nil)}, 23, ""},
		"NewRetryer, and more": {20, 3, []func(*s3.Options){alone(nil)}, 23, "exceeded maximum number of attempts, 3"},
		"NewRetryer, busy":     {20, 0, []func(*s3.Options){alone(func(o *prefix.RetryOptions) { o.MaxThrottles = 4 })}, 5, "503"},
		"NewRetryer, no end":   {300, 2, []func(*s3.Options){alone(func(o *prefix.RetryOptions) { o.MaxThrottles = -1 })}, 303, ""},
		"NewRetryer, MaxInt":   {200, 2, []func(*s3.Options){alone(func(o *prefix.RetryOptions) { o.MaxThrottles = math.MaxInt })}, 203, ""},
		"MaxInt":               {200, 2, []func(*s3.Options){attach(func(o *prefix.PacerOptions) { o.MaxThrottles = math.MaxInt })}, 203, ""},
		"MinInt":               {200, 2, []func(*s3.Options){attach(func(o *prefix.PacerOptions) { o.MaxThrottles = math.MinInt })}, 203, ""},
		"attempts set behind":  {20, 3, []func(*s3.Options){attach(), func(o *s3.Options) { o.RetryMaxAttempts = 5 }}, 24, ""},
		"too many behind":      {20, 5, []func(*s3.Options){attach(), func(o *s3.Options) { o.RetryMaxAttempts = 5 }}, 25, "exceeded maximum number of attempts, 5"},
		"fewer behind":         {20, 1, []func(*s3.Options){attach(), func(o *s3.Options) { o.RetryMaxAttempts = 1 }}, 21, "exceeded maximum number of attempts, 1"},
		"refused behind":       {20, 0, []func(*s3.Options){attach(func(o *prefix.PacerOptions) { o.MaxThrottles = 7 }), func(o *s3.Options) { o.RetryMaxAttempts = 5 }}, 8, "503"},
		"another retryer":      {20, 0, []func(*s3.Options){attach(), func(o *s3.Options) { o.Retryer = retry.NewStandard() }}, 3, "exceeded maximum number of attempts, 3"},
		"NewRetryer, broken":   {0, 3, []func(*s3.Options){func(o *s3.Options) { o.Retryer = prefix.NewRetryer(nil) }}, 3, "exceeded maximum number of attempts, 3"},
		"adaptive never slows": {20, 0, []func(*s3.Options){func(o *s3.Options) { o.Retryer = retry.NewAdaptiveMode() }, attach()}, 21, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts, err := head(t, tc.slow, tc.broken, tc.option...)
				require.Equal(t, tc.attempts, attempts, err)
				if tc.err == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, tc.err)
				if _, ok := errors.AsType[*smithy.OperationError](err); !ok {
					t.Fatalf("%T is no error of the SDK", err)
				}
			})
		})
	}
}

// A thousand refusals later, a broken connection is still retried. With the SDK's own
// retryer it is not.
func TestRetryerQuota(t *testing.T) {
	for name, paced := range map[string]bool{"SDK": false, "Pacer": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &breaks{slow: 4, n: 0, attempts: map[string]int{}}
				c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: b}, func(o *s3.Options) {
					if paced {
						prefix.NewPacer().Attach(o)
					}
				})
				head := func(key string) error {
					_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String(key)})
					return err
				}
				for i := range 250 {
					_ = head(fmt.Sprint("busy", i)) // fails without a Pacer
				}
				b.mu.Lock()
				b.slow, b.n = 0, 1
				b.mu.Unlock()
				err := head("broken")
				if paced {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, "quota exceeded")
			})
		})
	}
}

func BenchmarkPacer(b *testing.B) {
	hc := &http.Client{Transport: instant{}}
	for _, goroutines := range []int{1, 64} {
		for _, way := range []string{"SDK", "Pacer"} {
			b.Run(fmt.Sprintf("goroutines=%d/impl=%s", goroutines, way), func(b *testing.B) {
				c := s3test.NewClient("https://"+s3test.Domain, hc, func(o *s3.Options) {
					if way == "Pacer" {
						prefix.NewPacer().Attach(o)
					}
				})
				in := &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}
				b.ReportAllocs()
				parallel(b, goroutines, func() {
					if _, err := c.HeadObject(context.Background(), in); err != nil {
						b.Error(err)
					}
				})
			})
		}
	}
}

// parallel calls f b.N times, from so many goroutines.
func parallel(b *testing.B, goroutines int, f func()) {
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				f()
			}
		})
	}
	wg.Wait()
}
