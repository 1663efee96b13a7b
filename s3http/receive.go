package s3http

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/sdk"
	"github.com/s3pool/s3pool/transfer"
)

// Receive puts the body of a request into S3: the other direction of [Serve]. It
// is for PUT and POST handlers whose request body is the object.
//
// in names the object. What it leaves open comes from the request: Content-Type,
// Content-Encoding, Content-Language, Content-Disposition and Cache-Control, and the
// length, if the request has one; it need not. ReceiveOptions.MaxBytes is the number of
// bytes that a body may have, 5 GiB by default.
//
// in.Body, if set, is read in place of the request's body. It is for a reader around
// that which checks something of its own: if it returns an error where the body ends,
// nothing becomes visible in S3. The same goes for a body that breaks off.
//
// # Digests
//
// The body is checked against every digest that the request comes with, in a header or
// in an announced trailer: Content-MD5; Content-Digest and Repr-Digest by sha-256 and
// sha-512 (RFC 9530; other algorithms are ignored); x-amz-checksum-crc32, -crc32c,
// -crc64nvme, -sha1 and -sha256. A mismatch is 400, as in S3, [transfer.ErrIntegrity], and leaves
// nothing in S3. So is a digest that cannot be read, or that was announced and did not
// come: whoever sends one wants it checked.
//
// # Conditions
//
// If-None-Match: * puts the object only if there is none, If-Match with one ETag only in
// the place of that one. If not: 412. Other conditions are more than S3 can do with a
// PUT: 501.
//
// # The response
//
// If the error is nil, the object is in S3, and the response the caller's to write.
// Otherwise Receive has answered, with the status alone, and the returned [*transfer.Error] is for
// the log:
//
//   - 400: a digest, a body that broke off, a Content-Range (RFC 9110, section 14.5).
//   - 403, 503, 504, 500 and 502 as with Serve.
//   - 404 and 405: the bucket or key is empty, or the method neither PUT nor POST.
//   - 408: the connection's deadline is over, and the body is not.
//   - 409: S3 has met a write at the same time; the client may try again.
//   - 412 and 501: the conditions.
//   - 413: the body is larger than MaxBytes, or S3 says it is too large. If the request
//     tells its length, the body is not read.
//   - 415: the body is in S3's own aws-chunked encoding, which is for S3.
//
// Memory, checksums and retries are Put's; the context is the request's. A client that
// sends nothing holds none of the pool's budget; one that has sent 32 KiB holds what Put has
// for its body, however slowly it goes on. Receive puts no deadline on it:
// http.Server.ReadTimeout and http.ResponseController do. A deadline that ends the wait for
// the budget is 503 with Retry-After.
//
// A client that goes away leaves the upload to be aborted behind Receive: a server that shuts
// down calls [transfer.Client.Close] when its handlers have returned.
func Receive(w http.ResponseWriter, r *http.Request, c *transfer.Client, in *s3.PutObjectInput, optFns ...func(*ReceiveOptions)) (*transfer.PutOutput, error) {
	var o ReceiveOptions
	for _, fn := range optFns {
		fn(&o)
	}
	limit := max(cmp.Or(o.MaxBytes, defaultMaxBytes), 0)
	fail := func(code int, err error) (*transfer.PutOutput, error) {
		if code == http.StatusServiceUnavailable {
			setRetryAfter(w.Header(), sdk.Header(err))
		}
		refuse(w, code)
		var bucket, key *string
		if in != nil {
			bucket, key = in.Bucket, in.Key
		}
		return nil, named(r.Context(), "Receive", bucket, key, err)
	}
	if in == nil {
		return fail(http.StatusInternalServerError, errors.New("nil PutObjectInput"))
	}
	switch {
	case r.Method != http.MethodPut && r.Method != http.MethodPost:
		w.Header().Set("Allow", "PUT, POST")
		return fail(http.StatusMethodNotAllowed, fmt.Errorf("the method is %s", r.Method))
	case aws.ToString(in.Bucket) == "" || aws.ToString(in.Key) == "":
		return fail(http.StatusNotFound, errNoName)
	}
	put := *in
	if code, err := takeHeaders(&put, r.Header); err != nil {
		return fail(code, err)
	}
	if limit > 0 && r.ContentLength > limit && put.Body == nil {
		return fail(http.StatusRequestEntityTooLarge, tooLong(r.ContentLength, limit))
	}
	body := &incoming{r: r, body: put.Body}
	if put.Body == nil {
		body.body = r.Body
		if r.Body == nil {
			body.body = http.NoBody
		}
		if put.ContentLength == nil && r.ContentLength >= 0 {
			put.ContentLength = &r.ContentLength
		}
	}
	if limit > 0 {
		// It counts what is read, whoever reads.
		body.body = http.MaxBytesReader(w, io.NopCloser(body.body), limit)
	}
	if err := body.announced(); err != nil {
		return fail(http.StatusBadRequest, err)
	}
	put.Body = body
	// A Read from a client that sends nothing would outlast the context, and net/http waits
	// for it before it answers.
	watch := breakAfter(r.Context(), w, stopReading)
	var out *transfer.PutOutput
	var err error
	fired := true
	func() {
		defer func() { fired = watch.stop() }() // a panic of the body's Read included
		out, err = c.Put(r.Context(), &put, o.Put...)
	}()
	if fired && err == nil {
		// The object is in S3. The connection is good for another request.
		http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	if err != nil {
		return fail(receivedStatus(r.Context(), err, &put), err)
	}
	return out, nil
}

// takeHeaders fills in what the caller has left open. The status is that of an error.
func takeHeaders(in *s3.PutObjectInput, h http.Header) (int, error) {
	for _, f := range [...]struct {
		name string
		to   **string
	}{
		{"Content-Type", &in.ContentType}, {"Content-Encoding", &in.ContentEncoding},
		{"Content-Language", &in.ContentLanguage}, {"Content-Disposition", &in.ContentDisposition},
		{"Cache-Control", &in.CacheControl},
	} {
		if v := joined(h[f.name]); v != "" && *f.to == nil {
			*f.to = &v
		}
	}
	if strings.Contains(strings.ToLower(joined(h["Content-Encoding"])), "aws-chunked") {
		return http.StatusUnsupportedMediaType, errors.New("the body is aws-chunked")
	}
	if v := h.Get("Content-Range"); v != "" {
		return http.StatusBadRequest, fmt.Errorf("the body is the range %q of an object", v)
	}

	match, none := joined(h["If-Match"]), joined(h["If-None-Match"])
	if hopeless(match) {
		return http.StatusPreconditionFailed, fmt.Errorf("If-Match: %s is true of no object", match)
	}
	if match != "" {
		tag := onlyTag(match)
		if tag == "" || in.IfMatch != nil && *in.IfMatch != tag {
			return http.StatusNotImplemented, fmt.Errorf("If-Match: %s", match)
		}
		in.IfMatch = &tag
	}
	if none != "" {
		if none != "*" || in.IfNoneMatch != nil && *in.IfNoneMatch != none {
			return http.StatusNotImplemented, fmt.Errorf("If-None-Match: %s", none)
		}
		in.IfNoneMatch = &none
	}
	if in.IfMatch != nil && in.IfNoneMatch != nil {
		return http.StatusNotImplemented, errors.New("If-Match and If-None-Match at once")
	}
	if v := h.Get("If-Unmodified-Since"); match == "" && !date(v).IsZero() {
		return http.StatusNotImplemented, fmt.Errorf("If-Unmodified-Since: %s", v)
	}
	return 0, nil
}

// receivedStatus returns the status that tells a client why its body was not stored.
func receivedStatus(ctx context.Context, err error, in *s3.PutObjectInput) int {
	if errors.Is(err, s3pool.ErrBudget) {
		return http.StatusServiceUnavailable // also where a deadline has ended the wait for it
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return http.StatusGatewayTimeout
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	if e, ok := errors.AsType[*bodyError](err); ok && errors.Is(e, os.ErrDeadlineExceeded) {
		return http.StatusRequestTimeout
	} else if ok || errors.Is(err, transfer.ErrIntegrity) {
		return http.StatusBadRequest
	}
	code := sdk.Code(err)
	switch status := sdk.Status(err); {
	case code == "EntityTooLarge":
		return http.StatusRequestEntityTooLarge
	case code == "BadDigest", code == "InvalidDigest": // of the caller's input
		return http.StatusBadRequest
	case status == http.StatusPreconditionFailed, status == http.StatusConflict:
		return status
	// S3 completes an upload in an answer that has begun as a success.
	case code == "PreconditionFailed":
		return http.StatusPreconditionFailed
	case code == "ConditionalRequestConflict", code == "OperationAborted":
		return http.StatusConflict
	case status == http.StatusNotFound && code == "NoSuchKey" && in.IfMatch != nil:
		return http.StatusPreconditionFailed // RFC 9110, section 13.1.1: there is no object
	case status == http.StatusNotFound:
		return http.StatusBadGateway // a PUT misses nothing that the client has named
	}
	return statusOf(err)
}

// A bodyError is the cause of a Put that the request's body has ended.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "the request's body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// stopReading makes a Read of the request's body return.
func stopReading(w http.ResponseWriter) error {
	return http.NewResponseController(w).SetReadDeadline(past)
}
