package prefix

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
)

// A loop is around the SDK's retry loop. It begins another where the SDK has counted
// refusals as attempts: RetryMaxAttempts of one operation is put over the client's
// retryer, which knows better, and the retryer does not get to see it.
type loop struct{ op *operation }

// ID implements middleware.FinalizeMiddleware.
func (loop) ID() string { return loopID }

// HandleFinalize implements middleware.FinalizeMiddleware.
func (l loop) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	p := l.op.pass(ctx)
	if !p.looped.CompareAndSwap(false, true) { // a retry of the caller's: its attempts are counted anew
		subject := p
		ctx, p = l.op.another(ctx)
		p.bucket, p.key = subject.bucket, subject.key
		p.looped.Store(true)
	}
	out, md, err := next.HandleFinalize(ctx, in)
	for err != nil {
		cause, ok := l.op.retry.unspent(err)
		if !ok {
			break
		}
		release, tokenErr := l.op.retry.GetRetryToken(ctx, cause)
		if tokenErr != nil {
			return out, md, errors.Join(cause, tokenErr)
		}
		delay, delayErr := l.op.retry.RetryDelay(1, cause)
		if delayErr != nil {
			return out, md, delayErr
		}
		if err := sleep(ctx, delay); err != nil {
			return out, md, &aws.RequestCanceledError{Err: err}
		}
		if r, ok := in.Request.(interface{ RewindStream() error }); ok {
			if err := r.RewindStream(); err != nil {
				return out, md, fmt.Errorf("prefix: rewind the body for another attempt: %w", err)
			}
		}
		out, md, err = next.HandleFinalize(ctx, in)
		if releaseErr := release(err); releaseErr != nil && err != nil {
			return out, md, fmt.Errorf("prefix: release the retry token: %w", err)
		}
	}
	return out, md, err
}

// unspent returns the error with which the SDK has given up an operation for the number
// of its attempts, if these were not as many without those that were refused.
func (r *retryer) unspent(err error) (cause error, ok bool) {
	most, given := errors.AsType[*retry.MaxAttemptsError](err)
	e, known := errors.AsType[*attemptError](err)
	if r == nil || !given || !known || !e.asked.Load() {
		return nil, false
	}
	if !isThrottle(err) && r.spent(e) {
		return nil, false
	}
	return most.Err, true
}

// sleep returns after d, or with the error of a context that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
