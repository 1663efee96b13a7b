package prefix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

func TestSubject(t *testing.T) {
	b, k := aws.String("b"), aws.String("k")
	for name, tc := range map[string]struct {
		input       any
		bucket, key string
	}{
		"get":       {&s3.GetObjectInput{Bucket: b, Key: k}, "b", "k"},
		"no key":    {&s3.GetObjectInput{Bucket: b}, "b", ""},
		"copy":      {&s3.CopyObjectInput{Bucket: b, Key: k, CopySource: aws.String("c/d")}, "b", "k"},
		"list":      {&s3.ListObjectsV2Input{Bucket: b, Prefix: aws.String("p/")}, "b", "p/"},
		"many keys": {&s3.DeleteObjectsInput{Bucket: b}, "b", ""},
		"bucket":    {&s3.HeadBucketInput{Bucket: b}, "b", ""},
		"none":      {&s3.ListBucketsInput{}, "", ""},
		"nil":       {(*s3.GetObjectInput)(nil), "", ""},
		"foreign":   {"b/k", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // found, and remembered
				bucket, key := subject(tc.input)
				require.Equal(t, tc.bucket, bucket)
				require.Equal(t, tc.key, key)
			}
		})
	}
}

// refusing answers 503 n times, and 200 from then on.
type refusing struct{ n int }

func (r *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	status := http.StatusOK
	if r.n--; r.n >= 0 {
		status = http.StatusServiceUnavailable
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
}

type attempts struct{ n int }

func (a *attempts) AfterAttempt(context.Context, *smithyhttp.InterceptorContext) error {
	a.n++
	return nil
}

// Interceptors keep their place.
func TestAttachInterceptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen, p := &attempts{}, NewPacer()
		c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: &refusing{n: 5}}, p.Attach, func(o *s3.Options) {
			o.Interceptors.AddAfterAttempt(seen)
		})
		_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		require.NoError(t, err)
		require.Equal(t, 6, seen.n)
		require.EqualValues(t, 5, p.Stats()[0].Throttled)
	})
}

// In an SDK that does not have the middlewares whose places we take, we are added.
func TestAttachOtherSDK(t *testing.T) {
	p := NewPacer()
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	req.Method = http.MethodPut
	stack := middleware.NewStack("", func() any { return req })
	require.NoError(t, stack.Finalize.Add(named(sdkRetry), middleware.After))
	require.NoError(t, p.addTo(stack, nil))
	require.Equal(t, []string{loopID, sdkRetry, middlewareID}, stack.Finalize.List())
	handler := middleware.HandlerFunc(func(context.Context, any) (any, middleware.Metadata, error) {
		return nil, middleware.Metadata{}, errSlowDown
	})
	in := &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}
	_, _, err := middleware.DecorateHandler(handler, stack).Handle(t.Context(), in)
	require.ErrorIs(t, err, errSlowDown)
	require.True(t, p.Stats()[0].Write)
}

// One stack, from many goroutines at once and after: every pass keeps its own subject and
// counts, in whatever order they come.
func TestOperationConcurrent(t *testing.T) {
	p := NewPacer(func(o *PacerOptions) { o.MaxThrottles = 3 })
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	req.Method = http.MethodPut
	op := newOperation()
	op.pacer, op.retry = p, newRetryer(nil, 0, 3)
	call := func(bucket string, loops int) {
		attempts := middleware.FinalizeHandlerFunc(func(ctx context.Context, in middleware.FinalizeInput) (middleware.FinalizeOutput, middleware.Metadata, error) {
			for i := range 2 {
				_, _, err := op.HandleFinalize(ctx, in, middleware.FinalizeHandlerFunc(func(context.Context, middleware.FinalizeInput) (middleware.FinalizeOutput, middleware.Metadata, error) {
					return middleware.FinalizeOutput{}, middleware.Metadata{}, errSlowDown
				}))
				e, ok := errors.AsType[*attemptError](err)
				if !ok || e.refusals != i+1 || e.failures != 0 || op.pass(ctx).bucket != bucket {
					t.Errorf("%s, attempt %d: %+v", bucket, i, e)
				}
			}
			return middleware.FinalizeOutput{}, middleware.Metadata{}, nil
		})
		_, _, err := op.HandleSerialize(t.Context(), middleware.SerializeInput{Parameters: &s3.PutObjectInput{Bucket: &bucket}},
			middleware.SerializeHandlerFunc(func(ctx context.Context, _ middleware.SerializeInput) (middleware.SerializeOutput, middleware.Metadata, error) {
				for range loops {
					_, _, err := loop{op}.HandleFinalize(ctx, middleware.FinalizeInput{Request: req}, attempts)
					if err != nil {
						t.Error(err)
					}
				}
				return middleware.SerializeOutput{}, middleware.Metadata{}, nil
			}))
		if err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { call(fmt.Sprint("b", i), 1+i%3) })
	}
	wg.Wait()
	call("late", 2)
	require.Len(t, p.Stats(), 9)
}
