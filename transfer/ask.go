package transfer

import (
	"context"
	"errors"
	"sync"

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

	// longer, if not nil, is the context of the requests. That of do says how long they are
	// made again.
	longer context.Context

	// doubt, if not nil, looks whether S3 has done what was asked for although its answer is
	// err, and returns nil then. before says that the request was made before. No request is
	// under way meanwhile.
	doubt func(err error, before bool) error

	// event is told, without Op and names, that the request is made again.
	event func(Event)

	mu sync.Mutex
	r  retries
	w  *watch // of the request under way
}

// headerTimes is how many times StallTimeout a store has for the header of its answer to
// CompleteMultipartUpload. S3 sends one at once, and blanks while it works. Others answer
// when they have put the object together.
const headerTimes = 3

// do calls call until it succeeds or there is no sense in another try. It returns the error
// of the last.
func (a *ask) do(ctx context.Context, call func(ctx context.Context, opts []func(*s3.Options)) error) error {
	for {
		err := a.once(ctx, call)
		if err != nil && a.doubt != nil && ctx.Err() == nil {
			err = a.doubt(err, a.r.tries > 0)
		}
		if err == nil {
			return nil
		}
		again := ours(err)
		if a.alone {
			_, unfit := errors.AsType[*answerError](err)
			again = again || unfit
		} else {
			again = a.set.retryable(err, a.begun)
		}
		a.mu.Lock()
		err2 := a.r.count(ctx, a.set.MaxRetries, err, again)
		a.mu.Unlock()
		if err2 == nil {
			err2 = a.r.wait(ctx)
		}
		if err2 != nil {
			return err2
		}
		a.event(retried(EventRetry, &a.r, err))
	}
}

func (a *ask) once(ctx context.Context, call func(context.Context, []func(*s3.Options)) error) error {
	under := ctx
	if a.longer != nil {
		under = a.longer
	}
	w, err := a.set.watch(under)
	if err != nil {
		return err
	}
	defer w.release()
	if a.slow {
		w.times = headerTimes
		w.armForHeader()
	}
	a.mu.Lock()
	a.w = w
	a.mu.Unlock()
	err = call(w, repeated(a.opts, a.r.failures))
	w.disarm()
	if unreadable(err) {
		err = &answerError{err}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.w = nil
	if err == nil {
		return nil
	}
	a.r.after(w)
	if under.Err() != nil {
		return err
	}
	return w.cause(under, err)
}

// ended returns the error of a context that has ended, with what has gone wrong until now.
func (a *ask) ended(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.r
	if a.w != nil {
		r.after(a.w)
	}
	return r.ended(err)
}

// retried is the event of a request that is made again.
func retried(kind EventKind, r *retries, err error) Event {
	e := Event{Kind: kind, Try: int(r.failures), Err: err}
	if stall, ok := errors.AsType[*stallError](err); ok {
		e.Kind, e.Wait = EventStall, stall.after
	}
	return e
}
