package s3http

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/sdk"
	"github.com/s3pool/s3pool/transfer"
)

// Serve answers a GET or HEAD request with an object.
//
// # The request
//
// Range, If-Range and the four conditions of RFC 9110 mean what they mean there
// (sections 13 and 14). They go to S3 as far as S3 knows them, and the first answer is
// checked against all of them: S3 and its like know neither lists of ETags nor weak
// ones. So a 304 or 412 is one request to S3, and a body takes no more than [transfer.Client.Open]
// does. A second request is made where If-Range asks for the whole of an object that has
// changed, and for some answers of 416.
//
// One range is served. A request for several is answered with the whole object, and so
// is one for another unit than bytes or of a form that nobody understands; HEAD has no
// ranges (section 14.2). Methods other than GET and HEAD get 405.
//
// in names the object: bucket, key, version, SSE-C key and so on. Its Range, PartNumber
// and conditions must be empty, since the request has its own. The Response fields, such
// as ResponseContentDisposition, replace what is stored with the object; they are not
// sent to S3, which refuses them in requests that are not signed.
//
// # The response
//
// It has the object's ETag, Last-Modified, Content-Type, Content-Encoding,
// Content-Language, Content-Disposition, Cache-Control and Expires, and nothing else of
// the answer: no metadata, no request ids. Headers that w has already win, present or,
// with a nil value, suppressed; only Content-Length and Content-Range are always ours. An
// ETag or Last-Modified of the caller's is also what the request's conditions are about.
// Headers that keep a browser from running the object are added, unless
// ServeOptions.Trusted is set. A Content-Type that S3 does not tell is application/octet-stream: bodies are never
// sniffed.
//
// # Memory
//
// A body is written as by [transfer.Reader.WriteTo]: from the buffers it arrives in, and under
// a budget through a scratch block of 32 KiB, which each response holds. Of an object above
// ParallelThreshold, up to Concurrency parts are also read ahead: one when the client
// has taken a sixteenth of a part, and another for each quarter of a part that it takes after
// that. Of the pool's budget all Readers together have half at most, which they give back as
// soon as anybody waits for it. A response goes on without, so slow clients do not
// keep out fast ones (TestServeSlowClients). A client that does not read leaves its connection
// to S3 to others. Serve puts no deadline on a client: that is what
// http.Server.WriteTimeout or an http.ResponseController are for. When the request's
// context ends, and so when its client is gone, the transfer and the response end at
// once.
//
// # Errors
//
// Serve returns nil if it has answered with 200, 206 or 304, and completely. Otherwise
// the returned [*transfer.Error] is for the log. Its cause is S3's or the context's; that the
// client went away is among them. The response has been dealt with in any case, so the
// caller must not write another. What it says is the status alone:
//
//   - 404: there is no such bucket, key or version.
//   - 403: S3 denies access. To callers that may not list the bucket it says this of
//     missing keys, too.
//   - 412 and 416: the request's conditions and range.
//   - 503, with Retry-After: S3 asks for fewer requests (503 SlowDown, 429), or the
//     pool's budget is spent.
//   - 504: a timeout, S3's or the context's.
//   - 500: a call that cannot be right, such as Options out of range.
//   - 502: anything else that S3 says, bad credentials and signatures included (its answer
//     to HEAD does not tell these from 403).
//
// An object that has a checksum is verified (see [transfer.Verification]), and the last piece of
// its body written only if it is right. If the object turns out wrong or S3 fails when
// part of the body has been sent, the client is made to notice: the connection or HTTP/2
// stream is broken, by a write deadline that is over, so that whatever the caller does
// with w afterwards cannot complete the body. A ResponseWriter without deadlines (see
// [http.ResponseController]) leaves one way to do so under an [http.Server]: Serve then
// panics with [http.ErrAbortHandler], and ServeOptions.OnError has the error. A writer that
// wraps another avoids that with an Unwrap method.
func Serve(w http.ResponseWriter, r *http.Request, c *transfer.Client, in *s3.GetObjectInput, optFns ...func(*ServeOptions)) error {
	s := serving{c: c, w: w, r: r, in: in}
	if len(optFns) > 0 {
		s.opts = serveOptions(optFns) // a function of its own, so that s stays on the stack
	}
	err := s.serve()
	if err != nil && s.opts.OnError != nil {
		s.opts.OnError(err)
	}
	if s.unbroken {
		panic(http.ErrAbortHandler)
	}
	return err
}

func (s *serving) serve() error {
	if err := s.validate(); err != nil {
		return s.refuse(http.StatusInternalServerError, err)
	}
	if aws.ToString(s.in.Bucket) == "" || aws.ToString(s.in.Key) == "" {
		return s.refuse(http.StatusNotFound, errNoName)
	}
	switch s.r.Method {
	case http.MethodGet:
		return s.get(s.want.rng)
	case http.MethodHead:
		return s.head(s.want.question(part.Spec{}))
	}
	s.w.Header().Set("Allow", "GET, HEAD")
	return s.refuse(http.StatusMethodNotAllowed, fmt.Errorf("the method is %s", s.r.Method))
}

const opServe = "Serve"

// A serving is one response.
type serving struct {
	c    *transfer.Client
	w    http.ResponseWriter
	r    *http.Request
	in   *s3.GetObjectInput
	opts ServeOptions
	// unbroken is set where a response that is not complete could not be broken off.
	unbroken bool
	want     wanted
}

// validate looks at the call, and reads the request if that is in order.
func (s *serving) validate() error {
	in := s.in
	if in == nil {
		return errors.New("nil GetObjectInput")
	}
	for _, f := range [...]struct {
		name string
		set  bool
	}{
		{"Range", in.Range != nil}, {"PartNumber", in.PartNumber != nil},
		{"IfMatch", in.IfMatch != nil}, {"IfNoneMatch", in.IfNoneMatch != nil},
		{"IfModifiedSince", in.IfModifiedSince != nil}, {"IfUnmodifiedSince", in.IfUnmodifiedSince != nil},
	} {
		if f.set {
			return fmt.Errorf("GetObjectInput.%s is set; Serve takes it from the request", f.name)
		}
	}
	s.want = readWanted(s.r.Header, s.w.Header())
	return nil
}

// get answers with the range rng of the object, or all of it, if the conditions are
// met.
func (s *serving) get(rng part.Spec) error {
	if s.want.decided() {
		return s.head(question{})
	}
	q := s.want.question(rng)
	in := *s.in
	q.put(&in)
	in.ResponseCacheControl, in.ResponseContentDisposition, in.ResponseContentEncoding = nil, nil, nil
	in.ResponseContentLanguage, in.ResponseContentType, in.ResponseExpires = nil, nil, nil
	body, err := s.c.Open(s.r.Context(), &in, s.opts.Download...)
	if err != nil {
		switch {
		case q.ifRange && sdk.Status(err) == http.StatusPreconditionFailed:
			return s.get(part.Spec{}) // the object has changed: all of it
		case !rng.Whole() && sdk.Status(err) == http.StatusRequestedRangeNotSatisfiable:
			return s.outside(rng, q, err)
		}
		return s.failed(err, q)
	}
	defer body.Close()
	out := body.Output
	ranged := !rng.Whole() && out.ContentRange != nil
	if code := s.want.judge(out); code != 0 {
		body.Close()
		return s.unmet(code, out)
	}
	if ranged && !s.want.rangeHolds(out) {
		body.Close()
		return s.get(part.Spec{})
	}
	s.describe(out, body.Size())
	code := http.StatusOK
	if ranged {
		code = http.StatusPartialContent
		s.w.Header()["Content-Range"] = []string{*out.ContentRange}
	}
	s.w.WriteHeader(code)
	// A Write to a client that does not read would outlast the context.
	watch := breakAfter(s.r.Context(), s.w, breakOff)
	fired := true
	func() {
		defer func() { fired = watch.stop() }() // a panic of w's Write included
		_, err = body.WriteTo(s.w)
	}()
	if fired && err == nil {
		// All has been written, and the context ended behind it. The connection must be
		// good for the last bytes, which net/http may still hold, and for another request.
		// A stream of HTTP/2 has been reset, and with it what it still held.
		err = http.NewResponseController(s.w).SetWriteDeadline(time.Time{})
		switch {
		case errors.Is(err, http.ErrNotSupported):
			err = nil // there was no deadline to set, and none to take back
		case s.r.ProtoMajor >= 2:
			err = s.r.Context().Err()
		}
	}
	if err != nil {
		err = s.named(err)
		s.abort()
		return err
	}
	return nil
}

// head answers a request that needs no body, or will have none whatever the object is
// like.
func (s *serving) head(q question) error {
	out, err := s.headObject(q)
	if err != nil {
		return s.failed(err, q)
	}
	if code := s.want.judge(out); code != 0 {
		return s.unmet(code, out)
	}
	length := int64(-1)
	if out.ContentLength != nil {
		length = *out.ContentLength
	}
	s.describe(out, length)
	s.w.WriteHeader(http.StatusOK)
	return nil
}

// headObject asks for the object's headers, and returns them as GetObject would.
func (s *serving) headObject(q question) (*s3.GetObjectOutput, error) {
	in := s.in
	out, err := s.c.Head(s.r.Context(), &s3.HeadObjectInput{
		Bucket:               in.Bucket,
		Key:                  in.Key,
		IfMatch:              q.ifMatch,
		IfNoneMatch:          q.ifNoneMatch,
		IfModifiedSince:      q.ifModifiedSince,
		IfUnmodifiedSince:    q.ifUnmodifiedSince,
		VersionId:            in.VersionId,
		ExpectedBucketOwner:  in.ExpectedBucketOwner,
		RequestPayer:         in.RequestPayer,
		SSECustomerAlgorithm: in.SSECustomerAlgorithm,
		SSECustomerKey:       in.SSECustomerKey,
		SSECustomerKeyMD5:    in.SSECustomerKeyMD5,
	}, s.opts.Download...)
	if err != nil {
		return nil, err
	}
	return &s3.GetObjectOutput{
		CacheControl:       out.CacheControl,
		ContentDisposition: out.ContentDisposition,
		ContentEncoding:    out.ContentEncoding,
		ContentLanguage:    out.ContentLanguage,
		ContentLength:      out.ContentLength,
		ContentType:        out.ContentType,
		ETag:               out.ETag,
		ExpiresString:      out.ExpiresString,
		LastModified:       out.LastModified,
	}, nil
}

// outside answers where S3 has said that the object has no byte of the range. The
// answer needs the object's size, which not every store tells with a 416; and what of
// the conditions S3 has not been asked comes first.
func (s *serving) outside(rng part.Spec, q question, err error) error {
	if q.complete {
		if size := sizeTold(err); size > 0 {
			return s.unsatisfied(size, err)
		}
	}
	out, herr := s.headObject(question{})
	if herr != nil {
		return s.failed(herr, question{})
	}
	if code := s.want.judge(out); code != 0 {
		return s.unmet(code, out)
	}
	size := aws.ToInt64(out.ContentLength)
	// A client that puts a Range on everything has not asked for less of an empty
	// object: net/http sends that, too.
	if _, satisfiable := rng.Resolve(size); satisfiable || size == 0 || !s.want.rangeHolds(out) {
		return s.get(part.Spec{})
	}
	return s.unsatisfied(size, err)
}

// sizeTold returns the size of the object that an answer of 416 told, or 0.
func sizeTold(err error) int64 {
	cr, err := part.ParseContentRange(sdk.Header(err).Get("Content-Range"))
	if err != nil || cr.Total < 0 {
		return 0
	}
	return cr.Total
}
