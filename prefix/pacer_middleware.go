package prefix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An operation is one call of a client. It is the middleware that sees its input,
// and the one inside the retry loop that sees its attempts.
//
// A middleware costs an allocation for its place in the stack, and so does a value in
// the context. An operation comes from a pool and, where it can, takes the places of
// two middlewares of the SDK that are in every stack: of one that only notes the
// input, which it calls, and of one for interceptors, if there are none. If a later
// SDK does not have these, the operation is added beside what there is.
type operation struct {
	pacer *Pacer
	inner middleware.SerializeMiddleware // the one it stands in for, or nil

	bucket, key string

	// Over the attempts so far; attempts of one operation follow each other.
	refusals int
	failures int // for other reasons
}

var operations = sync.Pool{New: func() any { return new(operation) }}

const (
	middlewareID = "s3pool/prefix.Pacer"

	sdkInput   = "setOperationInput"
	sdkAttempt = "InterceptAttempt"
	sdkRetry   = "Retry"
)

// addTo puts p into a call's stack.
func (p *Pacer) addTo(stack *middleware.Stack) error {
	if _, ok := stack.Finalize.Get(sdkRetry); !ok {
		return nil // of a presigned request, which is not sent
	}
	op := operations.Get().(*operation)
	*op = operation{pacer: p}

	if inner, ok := stack.Serialize.Get(sdkInput); ok {
		op.inner = inner
		if _, err := stack.Serialize.Swap(sdkInput, op); err != nil {
			return fmt.Errorf("prefix: attach the Pacer: %w", err)
		}
	} else if err := stack.Serialize.Add(op, middleware.Before); err != nil {
		return fmt.Errorf("prefix: attach the Pacer: %w", err)
	}

	var err error
	if m, ok := stack.Finalize.Get(sdkAttempt); ok && isEmpty(m) {
		_, err = stack.Finalize.Swap(sdkAttempt, op)
	} else {
		err = stack.Finalize.Insert(op, sdkRetry, middleware.After)
	}
	if err != nil {
		return fmt.Errorf("prefix: attach the Pacer: %w", err)
	}
	return nil
}

func isEmpty(m middleware.FinalizeMiddleware) bool {
	i, ok := m.(*smithyhttp.InterceptAttempt)
	return ok && len(i.BeforeAttempt) == 0 && len(i.AfterAttempt) == 0
}

// ID implements both middlewares.
func (op *operation) ID() string { return middlewareID }

// HandleSerialize notes what the call is about. All attempts happen inside.
func (op *operation) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
	op.bucket, op.key = subject(in.Parameters)

	var out middleware.SerializeOutput
	var md middleware.Metadata
	var err error
	if op.inner != nil {
		out, md, err = op.inner.HandleSerialize(ctx, in, next)
	} else {
		out, md, err = next.HandleSerialize(ctx, in)
	}
	*op = operation{}
	operations.Put(op) // the stack is of this call alone, and done
	return out, md, err
}

// HandleFinalize lets one attempt wait for its turn.
func (op *operation) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	req, ok := in.Request.(*smithyhttp.Request)
	if op.bucket == "" || !ok {
		return next.HandleFinalize(ctx, in)
	}
	write := req.Method != http.MethodGet && req.Method != http.MethodHead
	l := op.pacer.lane(laneKey{op.bucket, write})
	t, err := l.wait(ctx, op.key)
	if err != nil {
		// The SDK's error for a call that ends while it waits: it is not retried.
		return middleware.FinalizeOutput{}, middleware.Metadata{}, &aws.RequestCanceledError{
			Err: fmt.Errorf("prefix: waiting for the rate of %s/%s: %w", op.bucket, op.key, err),
		}
	}
	out, md, err := next.HandleFinalize(ctx, in)
	if err == nil {
		l.report(t, op.key, false)
		return out, md, nil
	}
	refused := isThrottle(err)
	if refused {
		op.refusals++
	} else {
		op.failures++
	}
	if refused || isAnswer(err) { // a connection that broke says nothing about rates
		l.report(t, op.key, refused)
	}
	return out, md, &attemptError{err, op.refusals, op.failures}
}

// isAnswer reports whether err is S3's answer to a request that it has processed.
func isAnswer(err error) bool {
	r, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && r.HTTPStatusCode() < 500
}

// A subjectFields is where an input has what its request is about, -1 for nowhere.
type subjectFields struct{ bucket, key int }

var subjects sync.Map // reflect.Type of an input's struct -> subjectFields

// subject returns the bucket and the key of an operation's input. A listing is about
// its prefix.
func subject(input any) (bucket, key string) {
	v := reflect.ValueOf(input)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return "", ""
	}
	v = v.Elem()
	f, ok := subjects.Load(v.Type())
	if !ok {
		f = subjectFields{stringField(v.Type(), "Bucket"), stringField(v.Type(), "Key", "Prefix")}
		subjects.Store(v.Type(), f)
	}
	s := f.(subjectFields)
	return stringAt(v, s.bucket), stringAt(v, s.key)
}

func stringField(t reflect.Type, names ...string) int {
	for _, name := range names {
		if f, ok := t.FieldByName(name); ok && len(f.Index) == 1 && f.Type == reflect.TypeFor[*string]() {
			return f.Index[0]
		}
	}
	return -1
}

func stringAt(v reflect.Value, i int) string {
	if i < 0 || v.Field(i).IsNil() {
		return ""
	}
	return v.Field(i).Elem().String()
}
