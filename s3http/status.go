package s3http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/sdk"
	"github.com/s3pool/s3pool/transfer"
)

// errNoName is the error of a request whose bucket or key is empty: with S3 it would be
// another operation.
var errNoName = errors.New("the bucket or the key is empty")

// StatusClientGone is the status of a request whose client went away before it had an
// answer: nginx's 499, for logs and metrics. Nobody reads the answer.
const StatusClientGone = 499

// Status returns the HTTP status that tells a client about an error of this module, or of
// the SDK, as much as is the client's business: the one that [Serve] answers with, but for
// StatusClientGone where the error is that a context was cancelled. It is 200 for nil.
//
//   - 404, 403, 503, 504, 500 and 502 as listed at Serve;
//   - 409: S3 has met a write at the same time, and the one that failed may be tried again;
//   - 413: an object is larger than DownloadOptions.MaxObjectBytes.
func Status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, context.Canceled):
		return StatusClientGone
	}
	return statusOf(err)
}

// statusOf returns the HTTP status that tells a client about the failure of a call to
// S3 as much as is the client's business.
func statusOf(err error) int {
	switch {
	case errors.Is(err, s3pool.ErrBudget):
		return http.StatusServiceUnavailable
	case errors.Is(err, s3pool.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	}
	if errors.Is(err, transfer.ErrInvalid) {
		return http.StatusInternalServerError
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return http.StatusGatewayTimeout // whatever was tried again until then
	}
	code := sdk.Code(err)
	if code == "AccessDenied" && sdk.Status(err) == http.StatusInternalServerError {
		return http.StatusForbidden // in an answer that had begun as a success
	}
	switch status := sdk.Status(err); status {
	case http.StatusForbidden:
		switch code {
		// The answer to HEAD has no code, the SDK says Forbidden.
		case "AccessDenied", "Forbidden", "":
			return status
		}
		return http.StatusBadGateway // credentials, signatures, clocks
	case http.StatusNotFound:
		return status
	case http.StatusMethodNotAllowed:
		return http.StatusNotFound // the version is a delete marker
	case http.StatusConflict: // with another write: try again
		return status
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return http.StatusServiceUnavailable
	case 0:
		// There was no answer.
		if t, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err); ok && t.Timeout() {
			return http.StatusGatewayTimeout
		}
		if errors.Is(err, context.Canceled) {
			return http.StatusServiceUnavailable // nobody reads it, unless it is we who shut down
		}
	}
	return http.StatusBadGateway
}

// named returns err as a *transfer.Error of the call op, which is not the one that the
// transfer has reported.
func named(ctx context.Context, op string, bucket, key *string, err error) *transfer.Error {
	e := transfer.Error{Err: err}
	if inner, ok := errors.AsType[*transfer.Error](err); ok {
		e = *inner
	}
	if cerr := ctx.Err(); cerr != nil && !errors.Is(e.Err, cerr) {
		e.Err = fmt.Errorf("%w (%w)", cerr, e.Err)
	}
	e.Op, e.Bucket, e.Key = op, aws.ToString(bucket), aws.ToString(key)
	return &e
}

// setRetryAfter passes on how long S3 wants to be left alone.
func setRetryAfter(h, answer http.Header) {
	after := answer.Get("Retry-After")
	if _, err := strconv.ParseUint(after, 10, 31); err != nil {
		after = "1"
	}
	h.Set("Retry-After", after)
}

// refuse answers with the bare status. Headers that the caller meant for the object are
// taken back: nobody is to keep an error for a year.
func refuse(w http.ResponseWriter, code int) {
	h := w.Header()
	for _, name := range [...]string{
		"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language",
		"Etag", "Expires", "Last-Modified",
	} {
		delete(h, name)
	}
	http.Error(w, http.StatusText(code), code)
}
