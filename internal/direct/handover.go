package direct

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A handover lets a call of the SDK's begin where the direct path has ended: it finds its
// first attempt made. The token of the Retryer has been taken, the Pacer's turn has come, and
// the HTTP client answers what S3 has answered, or fails as it did. From there on everything
// is the SDK's: what the error is, whether there is another attempt, and when.
//
// It is the call's context, its HTTP client and its Retryer.
type handover struct {
	context.Context
	aws.RetryerV2
	e      *exchange
	client s3.HTTPClient
	tokens atomic.Int32
	played atomic.Bool
}

// through returns context and option of the SDK's call that continues the exchange, or makes
// all of it if nothing has begun.
func (e *exchange) through() (context.Context, func(*s3.Options)) {
	if !e.began {
		return e.ctx, func(o *s3.Options) { *o = e.o }
	}
	h := &handover{Context: e.ctx, RetryerV2: e.retryer, e: e, client: e.o.HTTPClient}
	h.played.Store(!e.made)
	e.q.rewind() // if that fails, it fails once more before the next attempt
	return h, func(o *s3.Options) {
		*o = e.o
		o.Retryer, o.HTTPClient = h, h
		o.APIOptions = append(slices.Clip(o.APIOptions), h.add)
	}
}

// Done implements context.Context. A call whose context has ended makes no attempt, and this
// one has been made: until it has been played the context has not ended.
func (h *handover) Done() <-chan struct{} {
	if !h.played.Load() {
		return nil
	}
	return h.Context.Done()
}

// Err implements context.Context.
func (h *handover) Err() error {
	if !h.played.Load() {
		return nil
	}
	return h.Context.Err()
}

// Do implements s3.HTTPClient.
func (h *handover) Do(req *http.Request) (*http.Response, error) {
	if !h.played.Swap(true) || h.e.forGood {
		return h.e.resp, h.e.err
	}
	h.e.sent, h.e.resp = time.Now(), nil
	resp, err := h.client.Do(req)
	if err == nil {
		h.e.resp = resp
	}
	return resp, err
}

// over ends the exchange after the SDK's call, which has returned out and err: the last answer
// tells the time, and what the SDK makes of an answer.
func (e *exchange) over(out any, err error) {
	if !e.began {
		return
	}
	if skew, ok := e.skewOf(e.resp, time.Now()); ok {
		e.c.skew.Store(int64(skew))
	}
	if err == nil && e.unread && e.resp != nil {
		e.op.compareRead(out, e.resp.Header)
	}
}

// GetAttemptToken implements aws.RetryerV2.
func (h *handover) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if h.tokens.Add(1) == 1 {
		return h.e.token, h.e.tokenErr
	}
	return h.RetryerV2.GetAttemptToken(ctx)
}

// IsErrorRetryable implements aws.Retryer.
func (h *handover) IsErrorRetryable(err error) bool {
	return !h.e.forGood && h.RetryerV2.IsErrorRetryable(err)
}

// add puts into the call's stack what makes its attempts those of the same call.
func (h *handover) add(s *middleware.Stack) error {
	if h.e.pacer != nil {
		for _, id := range s.Finalize.List() {
			m, _ := s.Finalize.Get(id)
			if p, ok := m.(Pacer); ok {
				p.Hold(h.e.turn, h.e.turnErr)
			}
		}
	}
	if !h.e.made {
		return nil
	}
	return s.Build.Add(middleware.BuildMiddlewareFunc("s3pool/direct", h.build), middleware.After)
}

func (h *handover) build(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
	if req, ok := in.Request.(*smithyhttp.Request); ok {
		req.Header[invocationHeader] = []string{h.e.invocation}
	}
	return next.HandleBuild(ctx, in)
}
