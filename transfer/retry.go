package transfer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// retries counts the failures in a row of one thing that is tried again.
type retries struct{ failures int }

// pause waits before the next try. It returns the error if there is not to be one:
// after most retries, if err is not to be tried again, or if ctx is done.
func (r *retries) pause(ctx context.Context, most int, err error, again bool) error {
	if !again || ctx.Err() != nil {
		return err
	}
	if r.failures++; r.failures > most {
		if most == 0 {
			return err
		}
		return fmt.Errorf("given up after %d retries: %w", most, err)
	}
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
		return ctx.Err()
	case <-wait.C:
		return nil
	}
}

// retryable reports whether a request that failed may do better another time. The
// SDK has tried several times where it is of the same opinion, but in a second.
func retryable(err error) bool {
	if _, ok := errors.AsType[*answerError](err); ok || ours(err) {
		return true
	}
	return retryables.IsErrorRetryable(err) == aws.TrueTernary
}

// ours reports whether a request failed in a way that the SDK does not try again,
// since to it the request was cancelled.
func ours(err error) bool {
	_, stalled := errors.AsType[*stallError](err)
	_, stray := errors.AsType[*strayCancelError](err)
	return stalled || stray
}

var retryables = retry.IsErrorRetryables(retry.DefaultRetryables)

// An answerError is about an answer that does not fit the request.
type answerError struct{ error }

func (e *answerError) Unwrap() error { return e.error }
