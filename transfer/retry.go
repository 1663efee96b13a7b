package transfer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool/internal/sdk"
)

// retries counts the failures in a row of one thing that is tried again.
type retries struct {
	failures int32 // of what we have tried again
	tries    int32 // requests that have failed, the SDK's attempts among them
	last     error // why the last one did
}

// after counts the attempts that the SDK has made in a call that failed.
func (r *retries) after(w *watch) {
	if g := w.via.Load(); g != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.tries > 0 {
			r.tries += g.tries
			r.last = g.last
		}
	}
}

// pause waits before the next try. It returns the error if there is not to be one:
// after most retries, if err is not to be tried again, or if ctx is done.
func (r *retries) pause(ctx context.Context, most int, err error, again bool) error {
	if err := r.count(ctx, most, err, again); err != nil {
		return err
	}
	return r.wait(ctx)
}

// count notes that a request has failed with err.
func (r *retries) count(ctx context.Context, most int, err error, again bool) error {
	if ctx.Err() != nil {
		return r.ended(err)
	}
	if !again {
		return err
	}
	r.tries++
	r.last = err
	if r.failures++; int(r.failures) > most {
		if most == 0 {
			return err
		}
		return fmt.Errorf("given up after %d retries: %w", most, err)
	}
	return nil
}

func (r *retries) wait(ctx context.Context) error {
	// The first time at once: most breaks are of one connection, not of S3. Then
	// with full jitter, up to 5 seconds.
	if r.failures == 1 {
		return nil
	}
	longest := min(5*time.Second, 50*time.Millisecond<<min(r.failures-1, 7))
	wait := time.NewTimer(rand.N(longest))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return r.ended(ctx.Err())
	case <-wait.C:
		return nil
	}
}

// ended returns the error of a context that has ended while something was tried again, and
// says why it was: "deadline exceeded" alone tells nobody that S3 is overloaded.
func (r *retries) ended(err error) error {
	if r.last == nil {
		return err
	}
	return fmt.Errorf("%w, after %d requests that failed, the last of them with: %w", err, r.tries, r.last)
}

// retryable reports whether a request that failed may do better another time. begun says
// that S3 has taken a request of this transfer before.
func (s *settings) retryable(err error, begun bool) bool {
	if _, ok := errors.AsType[*answerError](err); ok || ours(err) {
		return true
	}
	return mayRetry(s.retryer(), err) || begun && hasExpired(err)
}

// ours reports whether a request failed in a way that the SDK does not try again,
// since to it the request was cancelled.
func ours(err error) bool {
	_, stalled := errors.AsType[*stallError](err)
	_, stray := errors.AsType[*strayCancelError](err)
	return stalled || stray
}

// An answerError is about an answer that does not fit the request.
type answerError struct{ error }

func (e *answerError) Unwrap() error { return e.error }

// unreadable reports whether err is about a success that the SDK could not read: older ones
// take an empty answer to CompleteMultipartUpload for an error.
func unreadable(err error) bool {
	_, ok := errors.AsType[*smithy.DeserializationError](err)
	return ok && sdk.Status(err)/100 == 2
}
