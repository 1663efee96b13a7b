package s3http

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/sdk"
)

func (s *serving) unsatisfied(size int64, err error) error {
	s.w.Header()["Content-Range"] = []string{part.ContentRange{Total: size}.String()}
	return s.refuse(http.StatusRequestedRangeNotSatisfiable, err)
}

// unmet answers for conditions that are false: 304 or 412.
func (s *serving) unmet(code int, out *s3.GetObjectOutput) error {
	if code == http.StatusNotModified {
		return s.notModified(out)
	}
	return s.refuse(code, errors.New("the request's conditions are not met"))
}

// failed answers for a request to S3 that has failed. q is what it asked.
func (s *serving) failed(err error, q question) error {
	switch code := sdk.Status(err); code {
	case http.StatusNotModified:
		return s.notModified(q.told(sdk.Header(err)))
	case http.StatusPreconditionFailed:
		return s.refuse(code, err)
	}
	code := statusOf(err)
	if code == http.StatusServiceUnavailable {
		setRetryAfter(s.w.Header(), sdk.Header(err))
	}
	return s.refuse(code, err)
}

// notModified answers 304 with what RFC 9110, section 15.4.5, wants in it.
func (s *serving) notModified(out *s3.GetObjectOutput) error {
	h := s.w.Header()
	for _, name := range [...]string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Disposition"} {
		delete(h, name)
	}
	d := description{h: h}
	d.of(out, s.in, true)
	if len(h["Etag"]) > 0 {
		delete(h, "Last-Modified")
	}
	s.w.WriteHeader(http.StatusNotModified)
	return nil
}

// describe sets the headers of a response with the object.
func (s *serving) describe(out *s3.GetObjectOutput, length int64) {
	d := description{h: s.w.Header()}
	d.of(out, s.in, false)
	if !s.opts.Trusted {
		guard(d.h)
	}
	delete(d.h, "Content-Range")
	delete(d.h, "Content-Length")
	if length >= 0 {
		d.add("Content-Length", strconv.FormatInt(length, 10))
	}
}

// refuse answers with the bare status, and returns err for the log.
func (s *serving) refuse(code int, err error) error {
	refuse(s.w, code)
	return s.named(err)
}

// named returns err as an error of Serve.
func (s *serving) named(err error) error {
	in := s.in
	if in == nil {
		in = &s3.GetObjectInput{}
	}
	return named(s.r.Context(), opServe, in.Bucket, in.Key, err)
}

// abort makes sure that the client does not take for the whole body what has been sent
// of it.
func (s *serving) abort() {
	// To return would not be enough: in a body of chunks it writes the end, and a caller
	// who then writes an error page could fill up a Content-Length.
	if err := breakOff(s.w); errors.Is(err, http.ErrNotSupported) && s.r.Context().Value(http.ServerContextKey) != nil {
		s.unbroken = true
	}
	// Another error is that of a connection which has been closed.
}

// breakOff ends a response where it is. The deadline of a connection makes its writes
// fail, the last flush included; that of an HTTP/2 stream resets it.
func breakOff(w http.ResponseWriter) error {
	return http.NewResponseController(w).SetWriteDeadline(past)
}

var past = time.Unix(1, 0)
