package prefix

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	defaultMaxThrottles = 100

	// A refused attempt comes back after a random time up to throttleBase, doubled by
	// each refusal, up to throttleMax. It takes its turn in the Pacer's queue then:
	// the rate is the Pacer's business, this is only not to come back all at once.
	throttleBase = 50 * time.Millisecond
	throttleMax  = time.Second
)

// RetryOptions configures [NewRetryer].
type RetryOptions struct {
	// MaxThrottles is how often one operation may be refused for its rate before it
	// fails with the refusal. Zero means 100, negative means until its context ends.
	MaxThrottles int
}

// NewRetryer returns a retryer that retries what base does, but treats a refusal for
// the rate (503, 429, SlowDown, RequestLimitExceeded and what else the SDK takes for
// throttling) as a matter of waiting: it takes nothing from base's retry quota and
// does not count as one of base's attempts. Nil means the SDK's standard retryer.
// [Pacer.Attach] installs one; by itself it is for those who pace by other means.
//
// RetryMaxAttempts of one operation is put over the client's retryer by the SDK. With a
// Pacer it is the number of failures for other reasons; with NewRetryer alone it is that
// of all attempts, refused ones among them.
//
// The SDK's standard retryer takes 5 tokens from a quota of 500 for every retry and
// gives one back for every success at the first attempt. Refusals, which are normal
// at a limit, empty it in no time, and from then on every failure is final, also of
// requests to other buckets, for a broken connection, say. (aws-sdk-go-v2 issue 3413.)
//
// The adaptive retryer's own rate limit, which is one for all buckets, does not get to
// see refusals, so that it never limits.
func NewRetryer(base aws.Retryer, optFns ...func(*RetryOptions)) aws.RetryerV2 {
	var o RetryOptions
	for _, fn := range optFns {
		fn(&o)
	}
	return newRetryer(base, 0, o.MaxThrottles)
}

// newRetryer returns a retryer with base's own number of attempts if attempts is 0.
func newRetryer(base aws.Retryer, attempts, throttles int) *retryer {
	if base == nil {
		base = retry.NewStandard()
	}
	if attempts == 0 {
		attempts = base.MaxAttempts()
	}
	if throttles == 0 {
		throttles = defaultMaxThrottles
	}
	r := &retryer{Retryer: base, attempts: max(attempts, 0), throttles: throttles}
	r.v2, _ = base.(aws.RetryerV2)
	_, r.standard = base.(*retry.Standard)
	return r
}

type retryer struct {
	aws.Retryer
	v2        aws.RetryerV2 // the same, or nil
	standard  bool          // it has no use for what became of refused attempts
	attempts  int           // that fail for other reasons than the rate; 0 is any number
	throttles int           // negative is any number
	past      past
}

// An attemptError is a failed attempt, and what its operation has been through: the
// retryer is told of an attempt at a time, and the attempts' number alone.
type attemptError struct {
	error
	refusals, failures int
	limit              int         // the operation's own number of attempts; 0 for the retryer's
	asked              atomic.Bool // our retryer has been asked about it
}

func (e *attemptError) Unwrap() error { return e.error }

// history returns an operation's refusals and its failures for other reasons, the last
// attempt among them, and refused, which that one was.
func (r *retryer) history(err error, last bool) (e *attemptError, refused bool) {
	refused = isThrottle(err)
	if e, ok := errors.AsType[*attemptError](err); ok {
		return e, refused
	}
	n, _ := r.past.get(err, last)
	if refused {
		n.refusals++
	} else {
		n.failures++
	}
	return &attemptError{refusals: n.refusals, failures: n.failures}, refused
}

// Once returns the retryer with one attempt, and as many refusals as before. Package
// transfer asks for it where it tries again itself.
func (r *retryer) Once() aws.RetryerV2 {
	return &retryer{Retryer: r.Retryer, v2: r.v2, standard: r.standard, attempts: 1, throttles: r.throttles}
}

// MaxAttempts is for all attempts, refused ones among them; 0 is any number.
func (r *retryer) MaxAttempts() int {
	if r.attempts == 0 || r.throttles < 0 || r.attempts > math.MaxInt-r.throttles {
		return 0
	}
	return r.attempts + r.throttles
}

// IsErrorRetryable implements aws.Retryer.
func (r *retryer) IsErrorRetryable(err error) bool {
	e, refused := r.history(err, false)
	e.asked.Store(true)
	ok := refused && (r.throttles < 0 || e.refusals <= r.throttles) || !refused && r.Retryer.IsErrorRetryable(err)
	if !ok {
		r.past.get(err, true)
	}
	return ok
}

// RetryDelay implements aws.Retryer.
func (r *retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	e, refused := r.history(err, true)
	if refused {
		return throttleDelay(e.refusals, rand.Float64()), nil
	}
	if r.spent(e) {
		return 0, &retry.MaxAttemptsError{Attempt: e.failures, Err: err}
	}
	n := e.failures
	if attempt == e.failures+e.refusals-1 { // newer SDKs, when asked to, count from 0
		n--
	}
	return r.Retryer.RetryDelay(n, err)
}

// spent reports whether an operation has failed too often for other reasons than the
// rate.
func (r *retryer) spent(e *attemptError) bool {
	limit := r.attempts
	if e.limit > 0 && e.limit != r.MaxAttempts() {
		limit = e.limit
	}
	return limit > 0 && e.failures >= limit
}

// throttleDelay is how long an operation that has been refused n times stays away,
// by a random number in [0, 1).
func throttleDelay(n int, random float64) time.Duration {
	return time.Duration(random * float64(min(throttleBase<<min(max(n-1, 0), 10), throttleMax)))
}

// GetRetryToken implements aws.Retryer.
func (r *retryer) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	e, refused := r.history(err, false)
	release := noToken
	if !refused && !r.spent(e) { // else RetryDelay will say that it is the end
		var tokenErr error
		if release, tokenErr = r.Retryer.GetRetryToken(ctx, err); tokenErr != nil {
			r.past.get(err, true)
			return nil, tokenErr
		}
	}
	if _, known := errors.AsType[*attemptError](err); known {
		return release, nil
	}
	n := attemptCounts{e.refusals, e.failures}
	return func(err error) error {
		if _, known := errors.AsType[*attemptError](err); err != nil && !known {
			r.past.put(err, n)
		}
		return release(err)
	}, nil
}

func noToken(error) error { return nil }

// GetAttemptToken implements aws.RetryerV2.
func (r *retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if r.v2 == nil {
		return r.GetInitialToken(), nil
	}
	done, err := r.v2.GetAttemptToken(ctx)
	if err != nil {
		return nil, fmt.Errorf("prefix: %w", err)
	}
	if r.standard {
		return done, nil
	}
	return func(err error) error {
		if isThrottle(err) {
			return nil
		}
		return done(err)
	}, nil
}

var throttleCodes = retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}

// isThrottle reports whether err is a refusal for the rate of requests. S3 answers a
// HEAD without a body, so that its code is not known: 503 is enough.
func isThrottle(err error) bool {
	if err == nil {
		return false
	}
	if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		switch r.HTTPStatusCode() {
		case http.StatusServiceUnavailable, http.StatusTooManyRequests:
			return true
		}
	}
	return throttleCodes.IsErrorThrottle(err).Bool()
}
