package s3pool

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/aws/smithy-go"
)

// statusOf returns the HTTP status that tells a client about the failure of a call to
// S3 as much as is the client's business.
func statusOf(err error) int {
	if errors.Is(err, ErrBudget) || errors.Is(err, ErrTooLarge) {
		return http.StatusServiceUnavailable
	}
	code := ""
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		code = e.ErrorCode()
	}
	switch status := status(err); status {
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
