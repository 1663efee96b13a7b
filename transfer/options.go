package transfer

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/part"
)

// Options configures a [Client]. What is in RequestOptions, Downloads and Uploads can be
// changed for one call by the call's own options.
type Options struct {
	// Pool is where memory comes from. Nil means s3pool.DefaultPool.
	Pool *s3pool.Pool

	// MaxRequests is the number of requests that all transfers of the client may have
	// under way at a time; others wait, first come, first served. Zero means 256; with a
	// pool that has a budget one for each MiB of it, if that is less, and 16 at least. It is
	// lowered to the number of connections that the S3 client's HTTP client makes to a host
	// (http.Transport.MaxConnsPerHost), where that can be seen. It must not be negative. A
	// download's request is under way until its body has been read or closed. The body of a
	// Reader that nobody reads gives up its place to others, and is continued by another
	// request later.
	MaxRequests int

	// NoDirect sends every request through the SDK's own call. Otherwise GetObject,
	// HeadObject, PutObject and UploadPart of an *s3.Client take the direct path, which costs a
	// fifth of that: requests are put together, signed and read here, equal to the SDK's on the
	// wire, in their outputs and in their errors. A client with settings that the direct path does not know goes
	// through the SDK by itself; Stats.WhySDK tells why.
	NoDirect bool

	RequestOptions
	Downloads
	Uploads
}

// RequestOptions is about the requests of every call.
type RequestOptions struct {
	// PartSize is the number of bytes in one ranged request, and in one part of a
	// multipart upload. Zero means 8 MiB. For an upload it is raised to what S3 asks
	// for: 5 MiB at least, and no more than 10,000 parts (S3 User Guide, "Amazon S3
	// multipart upload limits").
	PartSize int64

	// Concurrency is the number of requests of one transfer at a time. Zero means
	// 6; 1 means one after another. 10,000 is the most.
	Concurrency int

	// MaxRetries is how often in a row a body may break, or the request that is to
	// continue it fail, without progress, on top of the SDK's own retries: the two are
	// added, not multiplied. The first request of a download, a HEAD and an upload of one
	// request have the SDK's alone, unless S3 was silent; a part of a multipart upload is sent
	// again as often. Zero means 8, negative means none.
	//
	// What is tried again is what the client's own Retryer says, and beside that 408, 429,
	// 499, 520 to 524, ConditionalRequestConflict and OperationAborted, in the midst of a
	// transfer ExpiredToken too. So is an answer that does not fit the request, unless it is
	// a download's first. An error that S3 has put into a success is final if it does not
	// pass, such as AccessDenied. A Retryer that retries nothing (aws.NopRetryer) turns the
	// SDK's retries off and not these.
	MaxRetries int

	// StallTimeout is how long S3 may be silent to a request, while no byte of it goes out
	// and none of the answer comes in, before it is made again on another connection. It
	// holds for every request, uploads and HEADs as well; the header of the answer that
	// completes a multipart upload has three times as long. The SDK's backoff, a Pacer's
	// queue and the time that a caller's body takes do not count; waiting for one of the HTTP
	// client's connections does. After one such silence the idle connections are given up.
	// Zero means 20 seconds, negative means for ever.
	StallTimeout time.Duration

	// ClientOptions are passed to every request.
	ClientOptions []func(*s3.Options)

	// OnEvent, if not nil, is called for what happens on the way of a transfer, by
	// several goroutines at a time. The transfer waits for it: it must be quick.
	OnEvent func(Event)
}

// Downloads is about Get, Open and Download.
type Downloads struct {
	// ParallelThreshold is the number of bytes up to which an object is fetched by one
	// request. Zero means 16 MiB.
	ParallelThreshold int64

	// MaxObjectBytes is the largest object, or range of one, that a call accepts, in
	// bytes. A larger one is refused with s3pool.ErrTooLarge, before memory is taken for it;
	// where the store does not tell the length, as soon as more has arrived.
	// Zero means 1 GiB for Get, which holds all of it in memory, and no limit for Open
	// and Download. Negative means no limit.
	MaxObjectBytes int64

	// Verify says whether downloads are checked against the object's checksum. Zero
	// means as the client is configured: yes, unless its ResponseChecksumValidation is
	// WhenRequired.
	Verify VerifyMode
}

// Uploads is about Put.
type Uploads struct {
	// MultipartThreshold is the number of bytes up to which an object is uploaded in one
	// request. Zero means 16 MiB. A stream whose length is not known is one request up
	// to PartSize. A stream that is longer than the pool's budget is sent in parts.
	MultipartThreshold int64

	// MinPartSize is the least size in bytes that the store takes for every part but the
	// last. Zero means S3's, 5 MiB; there are stores that take less.
	MinPartSize int64

	// Checksum says whether objects are sent with a checksum. Zero means as the client is
	// configured: yes, unless its RequestChecksumCalculation is WhenRequired.
	Checksum ChecksumMode

	// LeaveParts keeps what a failed multipart upload has sent. Error.UploadID names
	// it; whoever wants it gone aborts it. Otherwise Put does.
	LeaveParts bool
}

// DownloadOptions configures one Get, Open or Download, on top of the client's options.
type DownloadOptions struct {
	RequestOptions
	Downloads

	// Progress, if not nil, is called as bytes arrive, by one goroutine at a time. The
	// transfer waits for it: it must be quick and must not call the transfer.
	Progress func(Progress)
}

// PutOptions configures one Put, on top of the client's options.
type PutOptions struct {
	RequestOptions
	Uploads

	// Progress, if not nil, is called as parts have arrived at S3, by one goroutine at a
	// time. The upload waits for it: it must be quick and must not call the upload.
	Progress func(Progress)

	// Checkpoint, if not nil, is called when a multipart upload of a body that can be
	// read again has begun and whenever it has sent a part, by one goroutine at a time:
	// with the token, kept somewhere safe, another Put can continue it. The upload
	// waits for it, and ends with its error, if it returns one. For such a body
	// Checkpoint and Resume imply LeaveParts. See [ResumeToken].
	Checkpoint func(ResumeToken) error

	// Resume continues the upload that the token tells of. The body must be the same,
	// and one that can be read again: an io.ReaderAt and io.Seeker.
	Resume *ResumeToken
}

// VerifyMode says whether to verify a download.
type VerifyMode int

const (
	VerifyDefault   VerifyMode = iota // as the S3 client is configured
	VerifyAvailable                   // whenever the object has a checksum that can be checked
	VerifyRequired                    // an object that cannot be checked is an error, ErrUnverified
	VerifyNever
)

// ChecksumMode says whether to send a checksum with an upload.
type ChecksumMode int

const (
	ChecksumDefault ChecksumMode = iota // as the S3 client is configured
	ChecksumAlways
	ChecksumNever
)

// Progress is the state of a transfer. A Get that begins anew, since the budget had no room
// for an object of unknown length, begins its Progress anew. A Reader's
// bytes count when they are delivered.
type Progress struct {
	Done  int64 // bytes that have arrived
	Total int64 // bytes to arrive, -1 while unknown
	Parts int   // parts that are complete
}

const (
	defaultPartSize     = 8 << 20
	defaultThreshold    = 16 << 20
	defaultMaxRetries   = 8
	defaultStallTimeout = 20 * time.Second

	// defaultMaxInMemory is the largest object that Get takes unless told otherwise.
	defaultMaxInMemory = 1 << 30

	// defaultMaxRequests is more than a partition of S3 answers in 20 ms, and less memory
	// in connections than a small budget.
	defaultMaxRequests = 256

	// bytesPerRequest is what a pool's budget has for each request by default, but for a few.
	// With more requests than memory, bodies are closed that have no room, and connections
	// take more memory than the budget.
	bytesPerRequest = 1 << 20
	fewRequests     = 16

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
		{"PartSize", o.PartSize}, {"MinPartSize", o.MinPartSize}, {"ParallelThreshold", o.ParallelThreshold},
		{"MultipartThreshold", o.MultipartThreshold}, {"Concurrency", int64(o.Concurrency)},
		{"MaxRequests", int64(o.MaxRequests)},
	} {
		if f.v < 0 {
			return fmt.Errorf("s3pool: Options.%s is %d; it must not be negative", f.name, f.v)
		}
	}
	if o.Verify < VerifyDefault || o.Verify > VerifyNever {
		return fmt.Errorf("s3pool: Options.Verify is %d; it must be VerifyDefault, VerifyAvailable, VerifyRequired or VerifyNever", o.Verify)
	}
	if o.Checksum < ChecksumDefault || o.Checksum > ChecksumNever {
		return fmt.Errorf("s3pool: Options.Checksum is %d; it must be ChecksumDefault, ChecksumAlways or ChecksumNever", o.Checksum)
	}
	if o.Concurrency > maxConcurrency {
		return fmt.Errorf("s3pool: Options.Concurrency is %d; it must not be above %d", o.Concurrency, maxConcurrency)
	}
	setDefault(&o.PartSize, defaultPartSize)
	setDefault(&o.MinPartSize, part.MinSize)
	setDefault(&o.ParallelThreshold, defaultThreshold)
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

// maxConcurrency is as many requests as anybody has a use for: a multipart upload has
// 10,000 parts at most.
const maxConcurrency = 10_000

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
