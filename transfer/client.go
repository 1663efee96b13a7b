package transfer

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/sdk"
)

// Version is what requests of a [Client] call themselves by: their user agent
// has s3pool/Version in it.
const Version = "0.1.0"

// API is what a [Client] calls. *s3.Client is one. If an implementation has the
// method Options() s3.Options, as *s3.Client has, its checksum settings are
// respected.
//
// A fake for a test needs only the methods that the test calls: embed an API in it.
type API interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)

	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	ListParts(context.Context, *s3.ListPartsInput, ...func(*s3.Options)) (*s3.ListPartsOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// Options configures a [Client], and with a call's own functions that call.
type Options struct {
	// Pool is where memory comes from. Nil means s3pool.DefaultPool.
	Pool *s3pool.Pool

	// PartSize is the number of bytes in one ranged request, and in one part of a
	// multipart upload. Zero means 8 MiB. For an upload it is raised to what S3 asks
	// for: 5 MiB at least, and no more than 10,000 parts (S3 User Guide, "Amazon S3
	// multipart upload limits").
	PartSize int64

	// MultipartThreshold is the number of bytes up to which an object is one
	// request. Zero means 16 MiB. An upload of a stream whose length is not known is
	// one request up to PartSize.
	MultipartThreshold int64

	// Concurrency is the number of requests of one transfer at a time. Zero means
	// 6; 1 means one after another.
	Concurrency int

	// MaxRetries is how often in a row a body may break, or the request that is to
	// continue it fail, without progress, on top of the SDK's own retries. The first
	// request of a download and an upload of one request have the SDK's alone; a part
	// of a multipart upload is sent again as often. Zero means 8, negative means none.
	MaxRetries int

	// StallTimeout is how long the body of a download may stay silent before it is
	// continued on another connection. Zero means 20 seconds, negative means for ever.
	StallTimeout time.Duration

	// Verify says whether downloads are checked against the object's checksum, and
	// uploads sent with one. Zero means as the client is configured: yes, unless its
	// ResponseChecksumValidation, for uploads its RequestChecksumCalculation, is
	// WhenRequired.
	Verify VerifyMode

	// Progress, if not nil, is called as bytes arrive, and for an upload as parts have
	// arrived at S3, by one goroutine at a time. The transfer waits for it: it must be
	// quick and must not call the transfer.
	Progress func(Progress)

	// LeaveParts keeps what a failed multipart upload has sent. Error.UploadID names
	// it; whoever wants it gone aborts it. Otherwise Put does.
	LeaveParts bool

	// Checkpoint, if not nil, is called when a multipart upload of a body that can be
	// read again has begun and whenever it has sent a part, by one goroutine at a time:
	// with the token, kept somewhere safe, another Put can continue it. The upload
	// waits for it. For such a body Checkpoint and Resume imply LeaveParts. See
	// [ResumeToken].
	Checkpoint func(ResumeToken)

	// Resume continues the upload that the token tells of. The body must be the same,
	// and one that can be read again: an io.ReaderAt and io.Seeker.
	Resume *ResumeToken

	// ClientOptions are passed to every request.
	ClientOptions []func(*s3.Options)

	// MinPartSize is the least size in bytes that the store takes for every part of an
	// upload but the last. Zero means S3's, 5 MiB; there are stores that take less.
	MinPartSize int64
}

// VerifyMode says whether to verify a download.
type VerifyMode int

const (
	VerifyDefault VerifyMode = iota // as the S3 client is configured
	VerifyAlways                    // whenever the object has a checksum; every upload
	VerifyNever
)

// Progress is the state of a transfer.
type Progress struct {
	Bytes int64 // arrived
	Total int64 // to arrive, -1 while unknown
	Parts int   // parts that are complete
}

const (
	defaultPartSize     = 8 << 20
	defaultThreshold    = 16 << 20
	defaultMaxRetries   = 8
	defaultStallTimeout = 20 * time.Second

	// defaultConcurrency is five bodies under way and one that waits for its first
	// byte: S3 takes 20 ms for it, and 90 ms for the bytes of a part.
	defaultConcurrency = 6
)

// resolve fills in the zeros and checks the rest.
func (o *Options) resolve() error {
	if o.Pool == nil {
		o.Pool = s3pool.DefaultPool()
	}
	for _, f := range []struct {
		name string
		v    int64
	}{
		{"PartSize", o.PartSize}, {"MinPartSize", o.MinPartSize}, {"MultipartThreshold", o.MultipartThreshold}, {"Concurrency", int64(o.Concurrency)},
	} {
		if f.v < 0 {
			return fmt.Errorf("s3pool: Options.%s is %d; it must not be negative", f.name, f.v)
		}
	}
	if o.Verify < VerifyDefault || o.Verify > VerifyNever {
		return fmt.Errorf("s3pool: Options.Verify is %d; it must be VerifyDefault, VerifyAlways or VerifyNever", o.Verify)
	}
	setDefault(&o.PartSize, defaultPartSize)
	setDefault(&o.MinPartSize, part.MinSize)
	setDefault(&o.MultipartThreshold, defaultThreshold)
	setDefault(&o.Concurrency, defaultConcurrency)
	setDefault(&o.MaxRetries, defaultMaxRetries)
	setDefault(&o.StallTimeout, defaultStallTimeout)
	o.MaxRetries = max(o.MaxRetries, 0)
	if int64(int(o.PartSize)) != o.PartSize {
		return fmt.Errorf("s3pool: Options.PartSize is %d; parts must fit into memory", o.PartSize)
	}
	return nil
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// A Client transfers objects in pooled memory: verified, resumed where they
// break, within the pool's budget. It is safe for concurrent use.
type Client struct {
	api      API
	opts     Options
	resolved *settings
	err      error // what is wrong with opts; every call returns it
}

// settings are options with their zeros filled in, and what follows from them.
type settings struct {
	Options
	pool   *mem.Pool
	verify bool // downloads
	seal   bool // uploads

	first []func(*s3.Options) // for the request that asks for the checksum
	later []func(*s3.Options) // for the others
}

// New returns a client on api. Options that make no sense are reported by every
// call, in words that name the field. New panics if api is nil.
func New(api API, optFns ...func(*Options)) *Client {
	if sdk.IsNil(api) {
		panic("s3pool: New: nil API")
	}
	c := &Client{api: api}
	for _, fn := range optFns {
		fn(&c.opts)
	}
	c.resolved, c.err = c.settle(c.opts)
	return c
}

// settings returns those of a call.
func (c *Client) settings(optFns []func(*Options)) (*settings, error) {
	if len(optFns) == 0 {
		return c.resolved, c.err
	}
	o := c.opts
	for _, fn := range optFns {
		fn(&o)
	}
	return c.settle(o)
}

func (c *Client) settle(o Options) (*settings, error) {
	if err := o.resolve(); err != nil {
		return nil, invalidError{err}
	}
	s := &settings{
		Options: o,
		pool:    (*mem.Pool)(o.Pool),
		verify:  o.Verify == VerifyAlways || o.Verify == VerifyDefault && !c.validatesWhenRequired(),
		seal:    o.Verify == VerifyAlways || o.Verify == VerifyDefault && !c.calculatesWhenRequired(),
	}
	s.later = append([]func(*s3.Options){ownOptions}, o.ClientOptions...)
	s.first = s.later
	if s.verify {
		s.first = append([]func(*s3.Options){askForChecksum}, o.ClientOptions...)
	}
	return s, nil
}

func (c *Client) validatesWhenRequired() bool {
	o, ok := c.api.(interface{ Options() s3.Options })
	return ok && o.Options().ResponseChecksumValidation == aws.ResponseChecksumValidationWhenRequired
}

func (c *Client) calculatesWhenRequired() bool {
	o, ok := c.api.(interface{ Options() s3.Options })
	return ok && o.Options().RequestChecksumCalculation == aws.RequestChecksumCalculationWhenRequired
}

// ownOptions takes validation out of the SDK's hands, which hashes at a thirtieth of
// the speed and does not know ranges, and signs with our name.
func ownOptions(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.APIOptions = append(o.APIOptions, plainRequest.add)
}

// askForChecksum does the same for a request that wants to be told the checksum.
func askForChecksum(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.APIOptions = append(o.APIOptions, checksumRequest.add)
}

// A signature is the middleware that adds to a request what is ours. The SDK has
// functions for both headers, at ten allocations a request.
type signature struct {
	checksum bool
	agent    atomic.Pointer[agent] // of the last request; most are equal
}

// An agent is the user agent that the SDK had, and what we made of it.
type agent struct {
	sdk string
	all []string
}

var plainRequest, checksumRequest = &signature{}, &signature{checksum: true}

func (s *signature) add(stack *middleware.Stack) error { return stack.Build.Add(s, middleware.After) }

// ID implements middleware.BuildMiddleware.
func (*signature) ID() string { return "s3pool" }

// HandleBuild implements middleware.BuildMiddleware. The step comes before the one
// that signs.
func (s *signature) HandleBuild(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
	if req, ok := in.Request.(*smithyhttp.Request); ok {
		if s.checksum {
			// What GetObjectInput.ChecksumMode stands for. The field itself would
			// make the SDK validate.
			req.Header["X-Amz-Checksum-Mode"] = enabled
		}
		req.Header["User-Agent"] = s.sign(req.Header.Get("User-Agent"))
	}
	return next.HandleBuild(ctx, in)
}

// enabled is a header's value that nobody changes, for the reasons that sign gives.
var enabled = []string{"ENABLED"}

// sign returns the user agent with our name behind the SDK's. Nobody changes the slice:
// Header.Set makes a new one, Add has no room in this one.
func (s *signature) sign(sdk string) []string {
	a := s.agent.Load()
	if a == nil || a.sdk != sdk {
		a = &agent{sdk: sdk, all: []string{strings.TrimSpace(sdk + " s3pool/" + Version)}}
		s.agent.Store(a)
	}
	return a.all
}
