package prefix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An operation is one call of a client: the middlewares that see its input, its retry
// loop and its attempts.
//
// A middleware costs an allocation for its place in the stack, and so does a value in
// the context. An operation is one of many in a block and, where it can, takes the
// places of three middlewares of the SDK that are in every stack: of one that only
// notes the input, which it calls, and of two for interceptors, if there are none. If a
// later SDK does not have these, the operation is added beside what there is.
//
// It is never used for another call, since nobody can tell when this one is over: a
// middleware of the caller's may call the next one again, or twice at a time, and be
// back before the slower one is.
type operation struct {
	pacer *Pacer
	retry *retryer                       // of the client
	inner middleware.SerializeMiddleware // the one it stands in for, or nil

	taken   atomic.Bool // first is in use
	several atomic.Bool // there are others, in contexts
	first   pass

	held *held       // the turn of the first attempt, or nil
	took atomic.Bool // it has been used
}

// A pass is the input on its way through one retry loop. There is one to a call,
// unless a middleware of the caller's retries or hedges.
type pass struct {
	bucket, key string
	looped      atomic.Bool // a retry loop has it

	// Over the attempts so far:
	refusals atomic.Int32
	failures atomic.Int32 // for other reasons
}

type passKey struct{}

// pass returns what the context is of.
func (op *operation) pass(ctx context.Context) *pass {
	if op.several.Load() {
		if p, ok := middleware.GetStackValue(ctx, passKey{}).(*pass); ok {
			return p
		}
	}
	return &op.first
}

// another returns a context with a pass of its own.
func (op *operation) another(ctx context.Context) (context.Context, *pass) {
	p := new(pass)
	op.several.Store(true)
	return middleware.WithStackValue(ctx, passKey{}, p), p
}

// A block is operations that are allocated together.
type block struct {
	operations [32]operation
	used       int
}

var blocks = sync.Pool{New: func() any { return new(block) }} // that have some left

func newOperation() *operation {
	b := blocks.Get().(*block)
	op := &b.operations[b.used]
	if b.used++; b.used < len(b.operations) {
		blocks.Put(b)
	}
	return op
}

const (
	middlewareID = "s3pool/prefix.Pacer"
	loopID       = "s3pool/prefix.Pacer.Loop"

	sdkInput   = "setOperationInput"
	sdkLoop    = "InterceptBeforeRetryLoop"
	sdkAttempt = "InterceptAttempt"
	sdkRetry   = "Retry"
)

// addTo puts p into a call's stack, of a client that has r.
func (p *Pacer) addTo(stack *middleware.Stack, r *retryer) error {
	if _, ok := stack.Finalize.Get(sdkRetry); !ok {
		return nil // of a presigned request, which is not sent
	}
	op := newOperation()
	op.pacer, op.retry = p, r
	var serialize, finalize, attempt error
	if inner, ok := stack.Serialize.Get(sdkInput); ok {
		op.inner = inner
		_, serialize = stack.Serialize.Swap(sdkInput, op)
	} else {
		serialize = stack.Serialize.Add(op, middleware.Before)
	}
	if m, ok := stack.Finalize.Get(sdkLoop); ok && isEmpty(m) {
		_, finalize = stack.Finalize.Swap(sdkLoop, loop{op})
	} else {
		finalize = stack.Finalize.Insert(loop{op}, sdkRetry, middleware.Before)
	}
	if m, ok := stack.Finalize.Get(sdkAttempt); ok && isEmpty(m) {
		_, attempt = stack.Finalize.Swap(sdkAttempt, op)
	} else {
		attempt = stack.Finalize.Insert(op, sdkRetry, middleware.After)
	}
	if err := errors.Join(serialize, finalize, attempt); err != nil {
		return fmt.Errorf("prefix: attach the Pacer: %w", err)
	}
	return nil
}

// isEmpty reports whether m is a middleware of the SDK for interceptors that has none.
func isEmpty(m middleware.FinalizeMiddleware) bool {
	switch m := m.(type) {
	case *smithyhttp.InterceptAttempt:
		return len(m.BeforeAttempt) == 0 && len(m.AfterAttempt) == 0
	case *smithyhttp.InterceptBeforeRetryLoop:
		return len(m.Interceptors) == 0
	}
	return false
}

// ID implements the middlewares.
func (op *operation) ID() string { return middlewareID }

// HandleSerialize notes what the call is about. All attempts happen inside.
func (op *operation) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
	p := &op.first
	if !op.taken.CompareAndSwap(false, true) {
		ctx, p = op.another(ctx)
	}
	p.bucket, p.key = subject(in.Parameters)
	if op.inner != nil {
		return op.inner.HandleSerialize(ctx, in, next)
	}
	return next.HandleSerialize(ctx, in)
}

// HandleFinalize lets one attempt wait for its turn.
func (op *operation) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	p := op.pass(ctx)
	req, ok := in.Request.(*smithyhttp.Request)
	if p.bucket == "" || !ok {
		return next.HandleFinalize(ctx, in)
	}
	write := req.Method != http.MethodGet && req.Method != http.MethodHead
	l := op.pacer.lane(laneKey{p.bucket, write})
	t, err := op.turn(ctx, l, p)
	if err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	out, md, err := next.HandleFinalize(ctx, in)
	if err == nil {
		l.report(t, p.key, false)
		return out, md, nil
	}
	refused := isThrottle(err)
	if refused {
		p.refusals.Add(1)
	} else {
		p.failures.Add(1)
	}
	if refused || isAnswer(err) { // a connection that broke says nothing about rates
		l.report(t, p.key, refused)
	}
	return out, md, &attemptError{error: err, refusals: int(p.refusals.Load()), failures: int(p.failures.Load()), limit: attemptLimit(req)}
}

// attemptLimit returns the number of attempts that the SDK has noted in a request, or 0.
func attemptLimit(req *smithyhttp.Request) int {
	for part := range strings.SplitSeq(req.Header.Get("Amz-Sdk-Request"), "; ") {
		if s, ok := strings.CutPrefix(part, "max="); ok {
			n, _ := strconv.Atoi(s) // 0 if it is no number
			return n
		}
	}
	return 0
}

// isAnswer reports whether err is S3's answer to a request that it has processed.
func isAnswer(err error) bool {
	r, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && r.HTTPStatusCode() < 500
}
