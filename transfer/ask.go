package transfer

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An ask is a request that has been answered when its call returns: all but those whose
// answer is an object's body, which stream makes.
type ask struct {
	set  *settings
	opts []func(*s3.Options)

	// begun says that S3 has taken a request of this transfer before.
	begun bool

	// alone says that what the SDK has tried again is enough, silence aside.
	alone bool

	// slow says that S3 may take its time before it answers: see headerTimes.
	slow bool

	// event is told, without Op and names, that the request is made again.
	event func(Event)
}

// headerTimes is how many times StallTimeout a store has for the header of its answer to
// CompleteMultipartUpload. S3 sends one at once, and blanks while it works. Others answer
// when they have put the object together.
const headerTimes = 3

// do calls call until it succeeds or there is no sense in another try. It returns the error
// of the last.
func (a *ask) do(ctx context.Context, call func(ctx context.Context, opts []func(*s3.Options)) error) error {
	var r retries
	for {
		err := a.once(ctx, &r, call)
		if err == nil {
			return nil
		}
		again := ours(err)
		if !again && !a.alone {
			again = a.set.retryable(err, a.begun)
		}
		if err := r.pause(ctx, a.set.MaxRetries, err, again); err != nil {
			return err
		}
		a.event(retried(EventRetry, &r, err))
	}
}

func (a *ask) once(ctx context.Context, r *retries, call func(context.Context, []func(*s3.Options)) error) error {
	w, err := a.set.watch(ctx)
	if err != nil {
		return err
	}
	defer w.release()
	if a.slow {
		w.times = headerTimes
		w.armForHeader()
	}
	err = call(w, repeated(a.opts, r.failures))
	w.disarm()
	if err == nil {
		return nil
	}
	r.after(w)
	if ctx.Err() != nil {
		return err
	}
	return w.cause(ctx, err)
}

// retried is the event of a request that is made again.
func retried(kind EventKind, r *retries, err error) Event {
	e := Event{Kind: kind, Try: int(r.failures), Err: err}
	if stall, ok := errors.AsType[*stallError](err); ok {
		e.Kind, e.Wait = EventStall, stall.after
	}
	return e
}
