package direct

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// An exchange is one call on the direct path.
type exchange struct {
	c    *Client
	op   *operation
	in   any
	ctx  context.Context
	o    s3.Options
	owns bool // all its options are of Known.Sets
	plan *plan

	retryer    aws.RetryerV2
	clock      bool // S3's clock is followed
	skew       time.Duration
	sent       time.Time
	invocation string
	q          question

	began    bool // the SDK continues what has begun
	token    func(error) error
	tokenErr error
	pacer    Pacer // that has been asked for a turn
	turn     any
	turnErr  error
	made     bool // an attempt, with this outcome:
	resp     *http.Response
	err      error
	forGood  bool // no attempt would fare better
	unread   bool // the answer has headers that we do not know
}

// do makes a call: directly, or through the SDK's sdk. fill completes an output that has been
// read from the headers of the answer.
func do[In, Out any](
	ctx context.Context, c *Client, op *operation, in *In, optFns []func(*s3.Options),
	sdk func(*s3.Client, context.Context, *In, ...func(*s3.Options)) (*Out, error),
	fill func(*Out, *http.Response, middleware.Metadata),
) (*Out, error) {
	if in == nil {
		return sdk(c.api, ctx, in, optFns...)
	}
	e := c.exchange(ctx, op, in, optFns)
	if e.try() {
		out := new(Out)
		if md, ok := e.finish(out); ok {
			fill(out, e.resp, md)
			e.free()
			return out, nil
		}
	}
	ctx, options := e.through()
	out, err := sdk(c.api, ctx, in, options)
	e.over(out, err)
	return out, err
}

// exchange begins a call: it applies its options, once.
func (c *Client) exchange(ctx context.Context, op *operation, in any, optFns []func(*s3.Options)) *exchange {
	e := exchanges.Get().(*exchange)
	e.c, e.op, e.in, e.ctx, e.o = c, op, in, ctx, c.base
	e.o.APIOptions = slices.Clip(e.o.APIOptions)
	e.owns = true
	for _, fn := range optFns {
		e.owns = e.owns && slices.Contains(c.sets, reflect.ValueOf(fn).Pointer())
		fn(&e.o)
	}
	return e
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// free recycles an exchange that has succeeded. The caller's options may have kept a pointer to
// those that they changed.
func (e *exchange) free() {
	if e.owns {
		*e = exchange{}
		exchanges.Put(e)
	}
}

// try makes the first attempt if the direct path is for this call. It reports whether there
// is an answer of success.
func (e *exchange) try() bool {
	w := newWire()
	defer w.free()
	r, why := e.prepare(w)
	if why != "" {
		e.c.left.Add(1)
		if last := e.c.why.Load(); last == nil || *last != why {
			e.c.why.Store(&why)
		}
		return false
	}
	e.c.taken.Add(1)
	return e.attempt(w, r)
}

// prepare finds the route of the call, or why it takes none.
func (e *exchange) prepare(w *wire) (*route, string) {
	if in, ok := e.in.(*s3.GetObjectInput); ok {
		switch {
		case e.o.ResponseChecksumValidation != aws.ResponseChecksumValidationWhenRequired:
			return nil, "Options.ResponseChecksumValidation wants the SDK to read the body"
		case in.ChecksumMode != "":
			return nil, "GetObjectInput.ChecksumMode wants the SDK to read the body"
		}
	}
	added, why := e.c.added(&e.o)
	if why != "" {
		return nil, why
	}
	e.plan = e.planFor(added)
	if e.plan.why != "" {
		return nil, e.plan.why
	}
	if e.o.HTTPClient == nil || e.o.Retryer == nil {
		return nil, "there is no HTTP client or no Retryer"
	}
	if e.q, why = e.op.ask(w, e.in); why != "" {
		return nil, why
	}
	if e.op.body && e.q.checksum == "" && (e.q.algorithm != "" || e.o.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired) {
		return nil, "the SDK computes a checksum of the body"
	}
	return e.plan.route(e)
}

// finish reads the answer into out. It reports false if that is better left to the SDK.
func (e *exchange) finish(out any) (md middleware.Metadata, ok bool) {
	if !e.op.stream && !e.empty() {
		return md, false // it may be an error
	}
	if !e.op.read(out, e.resp.Header) {
		e.unread = true
		return md, false
	}
	if md, ok = e.metadata(e.resp, time.Now()); ok {
		e.succeeded()
	}
	return md, ok
}

// empty reports whether the answer has no body. What it has stays to be read.
func (e *exchange) empty() bool {
	if e.resp.Body == nil || e.resp.Body == http.NoBody {
		return true
	}
	var first [1]byte
	n, err := io.ReadFull(e.resp.Body, first[:])
	if n == 0 && err == io.EOF {
		return true
	}
	e.resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first[:n]), e.resp.Body), e.resp.Body}
	return false
}
