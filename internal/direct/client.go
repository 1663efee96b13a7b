package direct

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// A Client makes the data calls of an *s3.Client, directly where that is possible. It is safe
// for concurrent use.
type Client struct {
	api  *s3.Client
	base s3.Options
	adds []uintptr              // functions that a call may add to APIOptions
	sets []uintptr              // options that change nothing else than what equal leaves out
	own  []atomic.Pointer[plan] // of calls with no other options, by what they add
	skew atomic.Int64

	mu    sync.Mutex
	plans []*plan // the last used ones, the latest first; replaced, not changed

	latest atomic.Pointer[plan]
	taken  atomic.Uint64
	left   atomic.Uint64
	why    atomic.Pointer[string]
}

// Known is what the direct path knows of its user. The functions must be no closures: they are
// recognized by their code.
type Known struct {
	// Adds are functions that a call's options may add to APIOptions. What they add to a
	// request is learnt in a rehearsal, and must be the same each time. There are few.
	Adds []func(*middleware.Stack) error

	// Sets are options that set the HTTPClient, the Retryer and RetryMaxAttempts, add to
	// APIOptions what is in Adds, and otherwise set the same each time. Calls that have no
	// others need not be looked at.
	Sets []func(*s3.Options)
}

// New returns a client on api.
func New(api *s3.Client, known Known) *Client {
	c := &Client{api: api, base: api.Options(), own: make([]atomic.Pointer[plan], 1<<len(known.Adds))}
	for _, fn := range known.Adds {
		c.adds = append(c.adds, reflect.ValueOf(fn).Pointer())
	}
	for _, fn := range known.Sets {
		c.sets = append(c.sets, reflect.ValueOf(fn).Pointer())
	}
	return c
}

// Stats says which way calls have taken.
type Stats struct {
	Direct uint64 // calls on the direct path
	SDK    uint64 // calls that were the SDK's from the beginning
	Why    string // why the last of these was, or nothing
}

// Stats returns a snapshot.
func (c *Client) Stats() Stats {
	s := Stats{Direct: c.taken.Load(), SDK: c.left.Load()}
	if why := c.why.Load(); why != nil {
		s.Why = *why
	}
	return s
}

// GetObject is s3.Client.GetObject.
func (c *Client) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if in == nil {
		return c.api.GetObject(ctx, in, optFns...)
	}
	e := c.exchange(ctx, getObject, in, optFns)
	if e.try(in, func() string {
		switch {
		case e.o.ResponseChecksumValidation != aws.ResponseChecksumValidationWhenRequired:
			return "Options.ResponseChecksumValidation wants the SDK to read the body"
		case in.ChecksumMode != "":
			return "GetObjectInput.ChecksumMode wants the SDK to read the body"
		}
		return ""
	}) {
		out := new(s3.GetObjectOutput)
		if e.finish(out, &out.ResultMetadata) {
			out.Body = e.resp.Body
			e.free()
			return out, nil
		}
	}
	ctx, options := e.through()
	out, err := c.api.GetObject(ctx, in, options)
	e.over(out, err)
	return out, err
}

// HeadObject is s3.Client.HeadObject.
func (c *Client) HeadObject(ctx context.Context, in *s3.HeadObjectInput, optFns ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	if in == nil {
		return c.api.HeadObject(ctx, in, optFns...)
	}
	e := c.exchange(ctx, headObject, in, optFns)
	if e.try(in, nil) {
		out := new(s3.HeadObjectOutput)
		if e.finish(out, &out.ResultMetadata) {
			e.free()
			return out, nil
		}
	}
	ctx, options := e.through()
	out, err := c.api.HeadObject(ctx, in, options)
	e.over(out, err)
	return out, err
}

// PutObject is s3.Client.PutObject.
func (c *Client) PutObject(ctx context.Context, in *s3.PutObjectInput, optFns ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if in == nil {
		return c.api.PutObject(ctx, in, optFns...)
	}
	e := c.exchange(ctx, putObject, in, optFns)
	if e.try(in, nil) {
		out := new(s3.PutObjectOutput)
		if e.finish(out, &out.ResultMetadata) {
			e.free()
			return out, nil
		}
	}
	ctx, options := e.through()
	out, err := c.api.PutObject(ctx, in, options)
	e.over(out, err)
	return out, err
}

// UploadPart is s3.Client.UploadPart.
func (c *Client) UploadPart(ctx context.Context, in *s3.UploadPartInput, optFns ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	if in == nil {
		return c.api.UploadPart(ctx, in, optFns...)
	}
	e := c.exchange(ctx, uploadPart, in, optFns)
	if e.try(in, nil) {
		out := new(s3.UploadPartOutput)
		if e.finish(out, &out.ResultMetadata) {
			e.free()
			return out, nil
		}
	}
	ctx, options := e.through()
	out, err := c.api.UploadPart(ctx, in, options)
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
func (e *exchange) try(in any, mind func() string) bool {
	w := newWire()
	defer w.free()
	r, why := e.prepare(w, in, mind)
	if why != "" {
		e.c.left.Add(1)
		if last := e.c.why.Load(); last == nil || *last != why {
			e.c.why.Store(&why)
		}
		return false
	}
	e.c.taken.Add(1)
	return e.attempt(w, r, e.o.Credentials)
}

// prepare finds the route of the call, or why it takes none.
func (e *exchange) prepare(w *wire, in any, mind func() string) (*route, string) {
	if mind != nil {
		if why := mind(); why != "" {
			return nil, why
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
	if e.q, why = e.op.ask(w, in); why != "" {
		return nil, why
	}
	if e.op.body && e.q.checksum == "" && (e.q.algorithm != "" || e.o.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired) {
		return nil, "the SDK computes a checksum of the body"
	}
	return e.plan.route(e)
}

// finish reads the answer. It reports false if that is better left to the SDK.
func (e *exchange) finish(out any, md *middleware.Metadata) bool {
	if !e.op.stream && !e.empty() {
		return false // it may be an error
	}
	if !e.op.read(out, e.resp.Header) {
		e.unread = true
		return false
	}
	m, ok := e.metadata(e.resp, time.Now())
	if !ok {
		return false
	}
	*md = m
	e.succeeded()
	return true
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
