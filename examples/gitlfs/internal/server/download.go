package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/transfer"
)

// download answers with an object or a range of it.
func (s *Server) download(c *call) error {
	began := time.Now()
	claims, err := c.token(auth.ForDownload)
	if err != nil {
		return err
	}
	release, err := s.downloads.take(c.r.Context())
	if err != nil {
		return err
	}
	defer release()
	_, known, err := s.locate(c, claims)
	if err != nil {
		return err
	}
	if !known.Ours || known.State == store.Lost || known.State == store.Deleting {
		return missing("The repository does not have this object.")
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Etag", `"`+known.OID+`"`) // the content's own, whichever copy it comes from
	h["Last-Modified"] = nil
	h.Set("Cache-Control", "private, no-transform, max-age=31536000, immutable")
	w := &objectWriter{response: c.w, size: known.Size}
	serr := s3http.Serve(w, c.r, s.Content.Transfer(), s.Content.Input(known.Key))
	s.Metrics.Bytes.WithLabelValues(metrics.Download).Add(float64(c.w.bytes))
	delete(h, "Last-Modified")
	s.suspect(c, known, w, serr)
	switch {
	case w.refused == 0 && serr != nil:
		return serr // for the log: the response has been broken off
	case w.refused == http.StatusNotFound:
		return &problem{status: http.StatusNotFound, message: "The object's content is lost. Push it again.", err: serr}
	case w.refused == http.StatusRequestedRangeNotSatisfiable:
		return &problem{status: w.refused, message: "The object has no such range.", cause: metrics.CauseInvalid, err: serr}
	case w.refused == http.StatusPreconditionFailed:
		return &problem{status: w.refused, message: "The object is another.", cause: metrics.CauseInvalid, err: serr}
	case w.refused != 0:
		return &problem{status: http.StatusServiceUnavailable, message: "The server is not ready. Come again.", cause: metrics.CauseUnavailable, after: awayAfter, err: serr}
	}
	s.Metrics.Transfers.WithLabelValues(metrics.Download).Observe(time.Since(began).Seconds())
	s.Metrics.Sizes.WithLabelValues(metrics.Download).Observe(float64(c.w.bytes))
	return nil
}

// suspect marks content that S3 does not have, or that is not what it was, so that the next
// push brings it again. Content that does not match is still served: it may have been the way.
func (s *Server) suspect(c *call, known store.Object, w *objectWriter, err error) {
	state := ""
	switch {
	case content.IsMissing(err):
		state = store.Lost
	case w.wrongSize || errors.Is(err, transfer.ErrIntegrity):
		state = store.Suspect
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), markTimeout)
	defer cancel()
	s.Metrics.Marked.WithLabelValues(state).Inc()
	s.Log.Error("content is wrong", "request_id", c.id, "oid", known.OID, "key", known.Key, "state", state, "error", errText(err))
	if err := s.Store.Mark(ctx, known.OID, known.Key, state); err != nil {
		s.Log.Error("content could not be marked", "request_id", c.id, "oid", known.OID, "error", err)
	}
}

const markTimeout = 20 * time.Second

// An objectWriter lets an object through, and keeps back what Serve says of a failure in plain
// text. An object of another size than it must have is a failure.
type objectWriter struct {
	*response
	size      int64
	refused   int // the status of a failure
	wrongSize bool
}

// WriteHeader implements http.ResponseWriter.
func (w *objectWriter) WriteHeader(status int) {
	switch {
	case w.refused != 0:
	case status >= 400:
		w.refused = status
	case status >= 200 && !w.fits(status):
		w.refused, w.wrongSize = http.StatusNotFound, true
	default:
		w.response.WriteHeader(status)
	}
}

// fits reports whether the header tells of an object of the right size.
func (w *objectWriter) fits(status int) bool {
	var told string
	switch status {
	case http.StatusOK:
		told = w.Header().Get("Content-Length")
	case http.StatusPartialContent:
		_, told, _ = strings.Cut(w.Header().Get("Content-Range"), "/")
	default:
		return true
	}
	return told == strconv.FormatInt(w.size, 10)
}

// errRefused ends a body that nobody is to see.
var errRefused = errors.New("the object is refused")

// Write implements http.ResponseWriter.
func (w *objectWriter) Write(p []byte) (int, error) {
	switch {
	case w.wrongSize:
		return 0, errRefused
	case w.refused != 0:
		return len(p), nil
	}
	return w.response.Write(p)
}

// SetWriteDeadline implements what s3http.Serve breaks a response off by. One that has been
// refused is not begun, and ends in order.
func (w *objectWriter) SetWriteDeadline(t time.Time) error {
	if w.wrongSize {
		return nil
	}
	return w.response.SetWriteDeadline(t)
}
