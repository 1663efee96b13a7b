package prefix

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Package internal/direct makes a call's first attempt without the SDK's stack. It finds the
// operation in the stack of a rehearsal, knows it by these methods, and asks it for the
// attempt's turn; so the Pacer sees every attempt at the same price. The next attempts of such
// a call are in a stack, with an operation of their own.

// OnDirectPath names the SDK's middlewares that the operation has taken the place of.
func (op *operation) OnDirectPath() (instead []string, rehearses bool) {
	return []string{sdkInput, sdkLoop, sdkAttempt}, false
}

// OnDirectPath says that what a loop does is done in the SDK's call that follows.
func (loop) OnDirectPath() (instead []string, rehearses bool) { return nil, false }

// Turn waits until an attempt may go out.
func (op *operation) Turn(ctx context.Context, bucket, key string, write bool) (any, error) {
	t, err := op.pacer.lane(laneKey{bucket, write}).wait(ctx, key)
	if err != nil {
		return nil, waitError(bucket, key, err)
	}
	if t == (ticket{}) {
		return nil, nil
	}
	return &t, nil
}

// Answered reports an attempt that has succeeded.
func (op *operation) Answered(turn any, bucket, key string, write bool) {
	op.pacer.lane(laneKey{bucket, write}).report(ticketOf(turn), key, false)
}

// Hold gives the operation's first attempt what Turn returned: it does not wait again.
func (op *operation) Hold(turn any, err error) { op.held = &held{ticketOf(turn), err} }

// A held is a turn that has come before, or an error of waiting for it.
type held struct {
	t   ticket
	err error
}

func ticketOf(turn any) ticket {
	if t, ok := turn.(*ticket); ok {
		return *t
	}
	return ticket{}
}

// turn waits until an attempt may go out, unless its turn has come already.
func (op *operation) turn(ctx context.Context, l *lane, p *pass) (ticket, error) {
	if h := op.held; h != nil && op.took.CompareAndSwap(false, true) {
		return h.t, h.err
	}
	t, err := l.wait(ctx, p.key)
	if err != nil {
		return t, waitError(p.bucket, p.key, err)
	}
	return t, nil
}

// waitError is the SDK's error for a call that ends while it waits: it is not retried.
func waitError(bucket, key string, err error) error {
	return &aws.RequestCanceledError{
		Err: fmt.Errorf("prefix: waiting for the rate of %s: %w", printable(bucket+"/"+key), err),
	}
}
