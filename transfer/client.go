package transfer

import (
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/sdk"
)

// Version is what requests of a [Client] call themselves by: their user agent
// has s3pool/Version in it.
const Version = "0.1.0"

// A Client transfers objects in pooled memory: verified, resumed where they
// break, within the pool's budget and a number of requests. It is safe for concurrent use.
// A program that uploads calls [Client.Close] at its end. There is nothing else to close.
type Client struct {
	api      API
	direct   *direct.Client // nil if there is none
	flights  *flights
	opts     Options
	resolved *settings // of a call without options of its own
	err      error     // what is wrong with opts; every call returns it
	counters counters
	fresh    renewal
	behind   behind

	indirect    atomic.Uint64 // calls, if there is no direct
	whyIndirect string
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
	n := max(c.opts.MaxRequests, 0)
	if n == 0 {
		n = defaultMaxRequests
		if c.opts.Pool != nil {
			if budget := (*mem.Pool)(c.opts.Pool).MaxBytes(); budget > 0 {
				n = int(min(int64(n), max(budget/bytesPerRequest, fewRequests)))
			}
		}
	}
	if most := connectionsOf(api); most > 0 {
		n = min(n, most)
	}
	c.flights = newFlights(n)
	c.direct, c.whyIndirect = directly(api, c.opts.NoDirect)
	c.resolved, c.err = c.settle(settings{Options: c.opts})
	return c
}

// A settings is what holds for one call: the client's options with the call's on top,
// zeros filled in.
type settings struct {
	Options
	Progress   func(Progress)
	Checkpoint func(ResumeToken) error
	Resume     *ResumeToken

	client *Client
	pool   *mem.Pool
	verify bool // downloads
	seal   bool // uploads

	first []func(*s3.Options) // for the request that asks for the checksum
	later []func(*s3.Options) // for the others
}

// forDownload returns the settings of a Get, Open or Download.
func (c *Client) forDownload(optFns []func(*DownloadOptions)) (*settings, error) {
	if len(optFns) == 0 {
		return c.resolved, c.err
	}
	o := DownloadOptions{RequestOptions: c.opts.RequestOptions, Downloads: c.opts.Downloads}
	o.ClientOptions = slices.Clip(o.ClientOptions)
	for _, fn := range optFns {
		fn(&o)
	}
	all := c.opts
	all.RequestOptions, all.Downloads = o.RequestOptions, o.Downloads
	return c.settle(settings{Options: all, Progress: o.Progress})
}

// forUpload returns the settings of a Put.
func (c *Client) forUpload(optFns []func(*PutOptions)) (*settings, error) {
	if len(optFns) == 0 {
		return c.resolved, c.err
	}
	o := PutOptions{RequestOptions: c.opts.RequestOptions, Uploads: c.opts.Uploads}
	o.ClientOptions = slices.Clip(o.ClientOptions)
	for _, fn := range optFns {
		fn(&o)
	}
	all := c.opts
	all.RequestOptions, all.Uploads = o.RequestOptions, o.Uploads
	return c.settle(settings{Options: all, Progress: o.Progress, Checkpoint: o.Checkpoint, Resume: o.Resume})
}

func (c *Client) settle(s settings) (*settings, error) {
	if err := s.Options.resolve(); err != nil {
		return nil, invalidError{err}
	}
	s.client, s.pool = c, (*mem.Pool)(s.Pool)
	s.verify = s.Verify == VerifyAvailable || s.Verify == VerifyRequired || s.Verify == VerifyDefault && !c.validatesWhenRequired()
	s.seal = s.Checksum == ChecksumAlways || s.Checksum == ChecksumDefault && !c.calculatesWhenRequired()
	s.later = s.requestOptions(ownRequest)
	s.first = s.later
	if s.verify {
		s.first = s.requestOptions(checkedRequest)
	}
	return &s, nil
}

// requestOptions returns the options of a request: with the user's in front of guarded, the
// last of ours, since it stands before what the user has chosen.
func (s *settings) requestOptions(ours []func(*s3.Options)) []func(*s3.Options) {
	if len(s.ClientOptions) == 0 {
		return ours
	}
	n := len(ours) - 1
	return slices.Concat(ours[:n], s.ClientOptions, ours[n:])
}

// Nobody appends to these.
var (
	ownRequest     = []func(*s3.Options){ownOptions, guarded}
	checkedRequest = []func(*s3.Options){askForChecksum, guarded}
)

func (c *Client) validatesWhenRequired() bool {
	o, ok := c.api.(interface{ Options() s3.Options })
	return ok && o.Options().ResponseChecksumValidation == aws.ResponseChecksumValidationWhenRequired
}

func (c *Client) calculatesWhenRequired() bool {
	o, ok := c.api.(interface{ Options() s3.Options })
	return ok && o.Options().RequestChecksumCalculation == aws.RequestChecksumCalculationWhenRequired
}
