package direct

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A Pacer is a middleware of package prefix: attempts wait for their turn.
type Pacer interface {
	Middleware

	// Turn waits until a request may go out. It returns what Answered or Hold takes.
	Turn(ctx context.Context, bucket, key string, write bool) (turn any, err error)

	// Answered says that a request has succeeded.
	Answered(turn any, bucket, key string, write bool)

	// Hold gives the first attempt of another call, which has the middleware, the outcome of
	// Turn: it does not wait again.
	Hold(turn any, err error)
}

// attempt makes the first attempt. It reports whether there is an answer that says success.
// If not, the SDK continues.
func (e *exchange) attempt(w *wire, r *route) bool {
	if e.ctx.Err() != nil {
		return false
	}
	if e.clock = e.plan.clock; e.clock {
		e.skew = time.Duration(e.c.skew.Load())
	}
	e.retryer = e.c.retryerOf(&e.o)
	most := e.retryer.MaxAttempts()
	e.began = true
	for i := range w.headers { // the input's
		if h := &w.headers[i]; !sendable(h.value) {
			e.made, e.forGood = true, true
			e.err = fmt.Errorf("invalid value of the header %s: it would end the line", h.name)
		}
	}
	if e.token, e.tokenErr = e.retryer.GetAttemptToken(e.ctx); e.tokenErr != nil {
		return false
	}
	if e.pacer = r.pacer; e.pacer != nil {
		if e.turn, e.turnErr = e.pacer.Turn(e.ctx, e.q.bucket, e.q.key, e.op.body); e.turnErr != nil {
			return false
		}
	}
	c, err := e.o.Credentials.Retrieve(e.ctx)
	if err != nil || !c.HasKeys() || !sendable(c.SessionToken) {
		return false // the SDK asks again, and says what is wrong
	}
	if e.forGood {
		return false
	}
	e.invocation = newInvocation()
	id := identity{invocation: e.invocation, attempt: firstAttempt(e.ctx, most, e.skew)}
	if r.hashed {
		if id.payload, err = e.q.hash(); err != nil {
			return false
		}
	}
	now := time.Now()
	id.at = now.Add(e.skew)
	req := r.request(e.ctx, e.plan, e.op, w, &e.q, id, &c)
	e.sent = now
	if e.q.length > 0 {
		body := &shield{body: e.q.body}
		defer body.Close()
		req.Body = body
	}
	e.made = true
	e.resp, e.err = e.o.HTTPClient.Do(req)
	return e.err == nil && e.resp != nil && e.resp.StatusCode >= 200 && e.resp.StatusCode < 300
}

// succeeded ends the attempt as one that has been a success.
func (e *exchange) succeeded() {
	e.token(nil)
	if e.pacer != nil {
		e.pacer.Answered(e.turn, e.q.bucket, e.q.key, e.op.body)
	}
	if !e.op.stream && e.resp.Body != nil {
		e.resp.Body.Close()
	}
}

// retryerOf returns the Retryer of a call, as the SDK sees it.
func (c *Client) retryerOf(o *s3.Options) aws.RetryerV2 {
	if n := o.RetryMaxAttempts; n != 0 && n != c.base.RetryMaxAttempts {
		o.Retryer, o.RetryMaxAttempts = retry.AddWithMaxAttempts(o.Retryer, n), c.base.RetryMaxAttempts
	}
	if v2, ok := o.Retryer.(aws.RetryerV2); ok {
		return v2
	}
	return olderRetryer{o.Retryer}
}

// An olderRetryer makes an aws.RetryerV2 of a Retryer that is none.
type olderRetryer struct{ aws.Retryer }

// GetAttemptToken implements aws.RetryerV2.
func (r olderRetryer) GetAttemptToken(context.Context) (func(error) error, error) {
	return r.GetInitialToken(), nil
}
