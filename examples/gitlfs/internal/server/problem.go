package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"

	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/s3http"
)

// A problem is a failure as the client sees it.
type problem struct {
	status  int
	message string
	cause   string // of metrics; empty if it is no refusal
	after   int    // seconds of Retry-After; 0 means none
	body    any    // in place of the message alone
	err     error  // for the log
}

func (p *problem) Error() string {
	if p.err != nil {
		return p.message + ": " + p.err.Error()
	}
	return p.message
}

func (p *problem) Unwrap() error { return p.err }

const (
	// busyAfter and awayAfter are seconds of Retry-After: for a place, and for S3 or the
	// database, which take longer to come back.
	busyAfter = 2
	awayAfter = 5
)

func invalid(message string) *problem {
	return &problem{status: http.StatusUnprocessableEntity, message: message, cause: metrics.CauseInvalid}
}

func missing(message string) *problem {
	return &problem{status: http.StatusNotFound, message: message}
}

// problemOf makes a problem of any error. transfers are PUT and GET, which clients repeat for
// half a minute after a 503; anything else they would take as final.
func problemOf(ctx context.Context, err error, transfers bool) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	away := &problem{status: http.StatusTooManyRequests, message: "The server is not ready. Come again.", cause: metrics.CauseUnavailable, after: awayAfter, err: err}
	if transfers {
		away.status = http.StatusServiceUnavailable
	}
	switch {
	case errors.Is(err, auth.ErrCredentials):
		return &problem{status: http.StatusUnauthorized, message: "The credentials are missing or wrong.", cause: metrics.CauseCredentials, err: err}
	case errors.Is(err, content.ErrBody) && errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{status: http.StatusRequestTimeout, message: "The body did not arrive in time.", err: err}
	case errors.Is(err, content.ErrContent), errors.Is(err, content.ErrBody):
		return &problem{status: http.StatusUnprocessableEntity, message: "The body is not the object: its SHA-256 or its size is another.", cause: metrics.CauseContent, err: err}
	case ctx.Err() != nil:
		// Somebody may read it yet: a client that has closed its side alone looks the same.
		return &problem{status: s3http.StatusClientGone, message: "The client has gone.", err: err}
	case errors.Is(err, store.ErrQuota):
		return &problem{status: http.StatusInsufficientStorage, message: "The repository's quota is used up.", cause: metrics.CauseQuota, err: err}
	case errors.Is(err, store.ErrNotFound):
		return &problem{status: http.StatusNotFound, message: "There is no such thing.", err: err}
	case errors.Is(err, store.ErrGone), errors.Is(err, s3pool.ErrBudget):
		away.status, away.after = http.StatusTooManyRequests, 1
		return away
	case errors.Is(err, store.ErrUnavailable):
		return away
	}
	if _, ok := errors.AsType[smithy.APIError](err); ok {
		return away // S3 has said something that we cannot help
	}
	switch s3http.Status(err) {
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusBadGateway:
		return away
	}
	return &problem{status: http.StatusInternalServerError, message: "The server has failed.", err: err}
}

// write answers with the problem.
func (p *problem) write(w http.ResponseWriter, id string, head bool) {
	h := w.Header()
	for _, name := range [...]string{"Cache-Control", "Content-Length", "Etag", "Last-Modified", "Accept-Ranges", "Content-Security-Policy"} {
		delete(h, name)
	}
	if p.status == http.StatusUnauthorized {
		h.Set("Lfs-Authenticate", `Basic realm="Git LFS"`)
		h.Set("Www-Authenticate", `Basic realm="Git LFS"`)
	}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(p.after))
	}
	body := p.body
	if body == nil {
		body = lfs.Problem{Message: p.message, RequestID: id}
	}
	writeJSON(w, p.status, body, head)
}

// writeJSON answers in JSON, with a length, so that a proxy can see the end.
func writeJSON(w http.ResponseWriter, status int, v any, head bool) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types
	}
	h := w.Header()
	h.Set("Content-Type", lfs.MediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	if !head {
		w.Write(data)
	}
}
