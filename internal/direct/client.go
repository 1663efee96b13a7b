package direct

import (
	"context"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"

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
	return do(ctx, c, getObject, in, optFns, (*s3.Client).GetObject, func(out *s3.GetObjectOutput, resp *http.Response, md middleware.Metadata) {
		out.Body, out.ResultMetadata = resp.Body, md
	})
}

// HeadObject is s3.Client.HeadObject.
func (c *Client) HeadObject(ctx context.Context, in *s3.HeadObjectInput, optFns ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return do(ctx, c, headObject, in, optFns, (*s3.Client).HeadObject, func(out *s3.HeadObjectOutput, _ *http.Response, md middleware.Metadata) {
		out.ResultMetadata = md
	})
}

// PutObject is s3.Client.PutObject.
func (c *Client) PutObject(ctx context.Context, in *s3.PutObjectInput, optFns ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return do(ctx, c, putObject, in, optFns, (*s3.Client).PutObject, func(out *s3.PutObjectOutput, _ *http.Response, md middleware.Metadata) {
		out.ResultMetadata = md
	})
}

// UploadPart is s3.Client.UploadPart.
func (c *Client) UploadPart(ctx context.Context, in *s3.UploadPartInput, optFns ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	return do(ctx, c, uploadPart, in, optFns, (*s3.Client).UploadPart, func(out *s3.UploadPartOutput, _ *http.Response, md middleware.Metadata) {
		out.ResultMetadata = md
	})
}
