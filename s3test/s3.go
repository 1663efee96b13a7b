package s3test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Domain is the host name of an [S3] without a socket: its clients call
// https://s3.test. In a request to a host below it, as in bucket.s3.test, the name
// of the bucket is in the host and not in the path.
const Domain = "s3.test"

// Options configures an [S3].
type Options struct {
	// MinPartSize is the least number of bytes in each part of a multipart upload
	// but the last. Zero means 5 MiB, which is S3's. 1 lets tests use small parts.
	MinPartSize int64

	// NoDefaultChecksum leaves objects that are uploaded without a checksum without
	// one, as stores other than S3 do. By default they get a CRC64NVME, as in S3.
	NoDefaultChecksum bool

	// Region is where the buckets are. A request that is signed for another region
	// is answered with 400 AuthorizationHeaderMalformed. Empty accepts every region.
	Region string

	// AccessKeyID is the only access key that is let in. Others are answered with
	// 403 InvalidAccessKeyId. Empty accepts every key, but no unsigned request.
	AccessKeyID string

	// Owner is the account that owns the buckets, for x-amz-expected-bucket-owner.
	// Empty means 123456789012.
	Owner string

	// Partitions limit the rates of requests. Nil means no limits. They may be shared
	// with other handlers and looked at with [Partitions.Stats].
	Partitions *Partitions

	// LogSize is the number of requests, the last ones, that [S3.Requests] returns.
	// Zero means 10,000; a negative number keeps none.
	LogSize int
}

// S3 is an S3 in memory. It is an [http.Handler]; [S3.Client] returns a client
// that calls it without a socket. All methods may be called concurrently. Make one
// with [New] or [NewServer].
type S3 struct {
	opts Options

	mu      sync.Mutex
	buckets map[string]*bucket
	ids     uint64 // the last identifier given out: versions, uploads, requests
	log     requestLog
}

// New returns an empty S3.
func New(optFns ...func(*Options)) *S3 {
	var o Options
	for _, fn := range optFns {
		fn(&o)
	}
	return newS3(o)
}

func newS3(o Options) *S3 {
	o.MinPartSize = cmp.Or(o.MinPartSize, 5<<20)
	o.Owner = cmp.Or(o.Owner, "123456789012")
	o.LogSize = cmp.Or(o.LogSize, 10_000)
	return &S3{
		opts:    o,
		buckets: map[string]*bucket{},
		log:     requestLog{size: o.LogSize, counts: map[string]int{}},
	}
}

// nextID returns an identifier that has not been given out. The caller holds s.mu.
func (s *S3) nextID() string {
	s.ids++
	return fmt.Sprintf("%016X", s.ids)
}

// A call is one request and what is known of it.
type call struct {
	*http.Request
	w      http.ResponseWriter
	op     string
	bucket string
	key    string
	query  url.Values
	id     string
}

// handlers is what each operation is answered by. Operations that it lacks are
// not implemented.
var handlers = map[string]func(*S3, *call) error{
	"AbortMultipartUpload":    (*S3).abortMultipartUpload,
	"CompleteMultipartUpload": (*S3).completeMultipartUpload,
	"CopyObject":              (*S3).copyObject,
	"CreateBucket":            (*S3).createBucket,
	"CreateMultipartUpload":   (*S3).createMultipartUpload,
	"DeleteBucket":            (*S3).deleteBucket,
	"DeleteObject":            (*S3).deleteObject,
	"DeleteObjects":           (*S3).deleteObjects,
	"GetBucketLocation":       (*S3).getBucketLocation,
	"GetBucketVersioning":     (*S3).getBucketVersioning,
	"GetObject":               (*S3).getObject,
	"HeadBucket":              (*S3).headBucket,
	"HeadObject":              (*S3).getObject,
	"ListBuckets":             (*S3).listBuckets,
	"ListMultipartUploads":    (*S3).listMultipartUploads,
	"ListObjects":             (*S3).listObjects,
	"ListObjectsV2":           (*S3).listObjectsV2,
	"ListParts":               (*S3).listParts,
	"PutBucketVersioning":     (*S3).putBucketVersioning,
	"PutObject":               (*S3).putObject,
	"UploadPart":              (*S3).uploadPart,
}

// ServeHTTP answers one request of the S3 protocol.
func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key := address(r)
	c := &call{Request: r, bucket: bucket, key: key, query: r.URL.Query()}
	c.op = operation(r.Method, bucket, key, c.query, r.Header)

	rec := &recorder{ResponseWriter: w}
	c.w = rec
	if r.Body != nil {
		r.Body = &countingReader{ReadCloser: r.Body, n: &rec.received}
	}
	s.mu.Lock()
	c.id = s.nextID()
	entry := s.log.add(c)
	s.mu.Unlock()
	defer func() { // also where a handler of ours panics
		s.mu.Lock()
		defer s.mu.Unlock()
		entry.Status, entry.Code = rec.status, rec.code
		entry.BytesReceived, entry.BytesSent = rec.received, rec.sent
	}()

	h := w.Header()
	h.Set("Server", "AmazonS3")
	h.Set("X-Amz-Request-Id", c.id)
	h.Set("X-Amz-Id-2", "s3test/"+c.id)
	err := s.admit(c)
	if err == nil {
		if handler := handlers[c.op]; handler != nil {
			err = handler(s, c)
		} else {
			err = errNotImplemented
		}
	}
	if e, ok := errors.AsType[*apiError](err); ok {
		rec.code = e.code
		e.write(c)
	}
	// Any other error is one of writing the answer: the client is gone.
}

// admit is what stands in front of every operation.
func (s *S3) admit(c *call) error {
	key, region := credential(c.Request)
	switch {
	case key == "":
		return errAccessDenied
	case s.opts.AccessKeyID != "" && key != s.opts.AccessKeyID:
		return &apiError{status: 403, code: "InvalidAccessKeyId",
			message: "The AWS Access Key Id you provided does not exist in our records."}
	case s.opts.Region != "" && region != s.opts.Region:
		return &apiError{status: 400, code: "AuthorizationHeaderMalformed",
			message: fmt.Sprintf("The authorization header is malformed; the region '%s' is wrong; expecting '%s'", region, s.opts.Region),
			fields:  fields("Region", s.opts.Region),
			header:  http.Header{"X-Amz-Bucket-Region": {s.opts.Region}}}
	}
	if owner := c.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != s.opts.Owner {
		return errAccessDenied
	}
	if err := checkExpiry(c); err != nil {
		return err
	}
	if err := checkAddress(c); err != nil {
		return err
	}
	if s.opts.Partitions != nil && !s.opts.Partitions.admit(c.Request) {
		drain(c.Request)
		return errSlowDown
	}
	return nil
}

// credential returns the access key and the region of a signature, in a header or
// in a presigned URL.
func credential(r *http.Request) (key, region string) {
	scope := r.URL.Query().Get("X-Amz-Credential")
	if _, after, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		scope, _, _ = strings.Cut(after, ",")
	}
	f := strings.Split(scope, "/") // key/date/region/s3/aws4_request
	if len(f) < 5 {
		return f[0], ""
	}
	return f[0], f[2]
}

// now is the time for the objects' dates: S3 keeps whole seconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
