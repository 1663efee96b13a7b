package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestRetriedByDefault: what busy stores, proxies and S3 itself answer in passing is tried
// again, whatever was asked for.
func TestRetriedByDefault(t *testing.T) {
	passing := []s3test.Fault{
		s3test.Status(http.StatusTooManyRequests, "TooManyRequests"),
		s3test.Status(http.StatusConflict, "ConditionalRequestConflict"),
		s3test.Status(http.StatusConflict, "OperationAborted"),
		s3test.Status(http.StatusBadRequest, "RequestTimeout"),
		s3test.Status(499, ""), s3test.Status(520, ""), s3test.Status(524, ""),
		s3test.Status(http.StatusServiceUnavailable, "SlowDown"),
	}
	for _, call := range everyRequest(t) {
		for _, fault := range passing {
			if call.operation == "HeadObject" && fault.Name == passing[3].Name {
				continue // an answer without a body has no code
			}
			if call.operation == "HeadObject" && (fault.Name == passing[1].Name || fault.Name == passing[2].Name) {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				c, faults := withFaults(newWatched(), on(call.operation, 1, fault))
				err := call.do(t.Context(), newClient(newPool(t), c, smallParts))
				require.NoError(t, err, "%s: %s", call.operation, fault)
				require.EqualValues(t, 1, faults.Stats().Faults)
			})
		}
	}
}

// TestRetriesDoNotMultiply: the SDK's attempts and ours are added, not multiplied.
func TestRetriesDoNotMultiply(t *testing.T) {
	for _, call := range everyRequest(t) {
		for _, fault := range []s3test.Fault{s3test.InternalError(), s3test.SlowDown(0), s3test.Reset()} {
			synctest.Test(t, func(t *testing.T) {
				fake := newWatched()
				c, faults := withFaults(fake, on(call.operation, always, fault))
				start := time.Now()
				call.do(t.Context(), newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.Concurrency = 1 }))
				require.LessOrEqual(t, faults.Stats().Faults, int64(2+8), "%s: %s", call.operation, fault)
				require.Less(t, time.Since(start), 40*time.Second)
			})
		}
	}
}

// TestErrorInSuccess: S3 has answered 200 before it knew, and then says that it will not.
// Only what may pass is tried again.
func TestErrorInSuccess(t *testing.T) {
	for code, most := range map[string]int{
		"AccessDenied": 1, "InvalidPart": 1, "EntityTooSmall": 1, "KMS.DisabledException": 1, "PreconditionFailed": 1,
		"InternalError": 3 + 8, "SlowDown": 3 + 8, "OperationAborted": 3 + 8,
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := newUploadFake()
			inner, n := fake.HTTPClient().Transport, 0
			c := fake.Client(func(o *s3.Options) {
				o.HTTPClient = &http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
					if s3test.Operation(r) != "CompleteMultipartUpload" {
						return inner.RoundTrip(r)
					}
					n++
					return answer(r, http.StatusOK, "\n\n<Error><Code>"+code+"</Code><Message>no</Message></Error>"), nil
				})}
			})
			_, err := newClient(newPool(t), c, smallParts).Put(t.Context(), put(bytes.NewReader(pattern(3*testPart))))
			require.ErrorContains(t, err, code)
			e, ok := errors.AsType[smithy.APIError](err)
			require.True(t, ok)
			require.Equal(t, code, e.ErrorCode())
			require.Equal(t, most, n, code)
			require.Empty(t, fake.Uploads("bucket"))
		})
	}
}

// TestRetriesAsConfigured: the client's own Retryer decides, and the one of the call.
func TestRetriesAsConfigured(t *testing.T) {
	odd := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.RateLimiter = ratelimit.None
		o.Retryables = append([]retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: map[string]struct{}{"Odd": {}}}}, o.Retryables...)
	})
	never := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.RateLimiter = ratelimit.None
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if e, ok := errors.AsType[smithy.APIError](err); ok && e.ErrorCode() == "InternalError" {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
	for _, call := range everyRequest(t) {
		if call.operation == "HeadObject" || call.operation == "AbortMultipartUpload" {
			continue // no code; not an error of the call
		}
		for _, perCall := range []bool{false, true} {
			for _, c := range []struct {
				name    string
				retryer aws.Retryer
				fault   s3test.Fault
				again   bool
			}{
				{"the SDK's", impatientRetryer(), s3test.Status(400, "Odd"), false},
				{"one that knows it", odd, s3test.Status(400, "Odd"), true},
				{"one that does not want it", never, s3test.InternalError(), false},
			} {
				synctest.Test(t, func(t *testing.T) {
					what := fmt.Sprintf("%s, %s, per call %v", call.operation, c.name, perCall)
					fake := newWatched()
					faults := s3test.NewFaults(fake.HTTPClient().Transport, on(call.operation, 2, c.fault))
					use := func(o *s3.Options) { o.Retryer = c.retryer }
					api := fake.Client(func(o *s3.Options) { o.HTTPClient = faults.HTTPClient() }, func(o *s3.Options) {
						if !perCall {
							use(o)
						}
					})
					client := newClient(newPool(t), api, smallParts, func(o *transfer.Options) {
						o.Concurrency = 1
						if perCall {
							o.ClientOptions = []func(*s3.Options){use}
						}
					})
					err := call.do(t.Context(), client)
					alone := call.operation == "PutObject" || call.operation == "GetObject" // the SDK's two attempts
					if c.again && !alone {
						require.NoError(t, err, what)
					} else {
						require.Error(t, err, what)
					}
					want := int64(1)
					if c.again {
						want = 2
					}
					require.Equal(t, want, faults.Stats().Faults, what)
				})
			}
		}
	}
}

func impatientRetryer() aws.Retryer {
	var o s3.Options
	impatient(&o)
	return o.Retryer
}

// TestExpiredToken: credentials that expire in the midst of a transfer are renewed; expired
// ones are an error at once.
func TestExpiredToken(t *testing.T) {
	expired := s3test.Status(http.StatusBadRequest, "ExpiredToken")
	for _, call := range everyRequest(t) {
		if call.operation == "HeadObject" || call.operation == "AbortMultipartUpload" {
			continue
		}
		first := call.operation == "PutObject" || call.operation == "CreateMultipartUpload" || call.operation == "GetObject" || call.operation == "ListParts"
		synctest.Test(t, func(t *testing.T) {
			c, faults := withFaults(newWatched(), on(call.operation, 1, expired))
			err := call.do(t.Context(), newClient(newPool(t), c, smallParts))
			require.Equal(t, first, err != nil, "%s: %v", call.operation, err)
			require.EqualValues(t, 1, faults.Stats().Faults)
		})
	}
	synctest.Test(t, func(t *testing.T) { // a later range
		fake := newWatched()
		var n atomic.Int64
		c, _ := withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
			if r.Header.Get("Range") != "" && n.Add(1) == 1 {
				return expired
			}
			return s3test.Fault{}
		})
		in := get("")
		in.Key = aws.String("old")
		o, err := newClient(newPool(t), c, func(o *transfer.Options) { o.Concurrency = 2 }).Get(t.Context(), in)
		require.NoError(t, err)
		o.Release()
	})
}

// TestDeadlineNamesCause: a deadline that ends what was being tried again says what was
// wrong, and how often.
func TestDeadlineNamesCause(t *testing.T) {
	slow := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 3 * time.Second, nil })
	})
	for _, call := range everyRequest(t) {
		if call.operation == "AbortMultipartUpload" {
			continue
		}
		for _, fault := range []s3test.Fault{s3test.SlowDown(0), s3test.InternalError(), s3test.Reset()} {
			synctest.Test(t, func(t *testing.T) {
				what := call.operation + ": " + fault.Name
				fake := newWatched()
				faults := s3test.NewFaults(fake.HTTPClient().Transport, on(call.operation, always, fault))
				c := fake.Client(func(o *s3.Options) { o.HTTPClient, o.Retryer = faults.HTTPClient(), slow })
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				client := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.Concurrency = 1 })
				err := call.do(ctx, client)
				client.Close(t.Context())
				require.ErrorIs(t, err, context.DeadlineExceeded, what)
				require.ErrorContains(t, err, "after 2 requests that failed, the last of them with", what)
				if call.operation != "HeadObject" && fault.Name != s3test.Reset().Name {
					_, ok := errors.AsType[smithy.APIError](err)
					require.True(t, ok, "%s: %v", what, err)
				}
			})
		}
	}
}

// answer is one that no S3 made.
func answer(r *http.Request, status int, body string) *http.Response {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	return &http.Response{
		Status: fmt.Sprint(status, " ", http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}
