package s3test

import (
	"io"
	"net/http"
	"time"
)

var errSlowDown = &apiError{status: 503, code: "SlowDown", message: "Please reduce your request rate."}

// Handler returns a handler that answers 503 SlowDown to what p refuses, at the time
// it comes, and leaves the rest to next. Requests for no bucket are not limited; a
// listing is a read of its prefix. An [S3] takes partitions as an option.
func (p *Partitions) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.admit(r) {
			next.ServeHTTP(w, r)
			return
		}
		drain(r)
		errSlowDown.write(&call{Request: r, w: w, id: "s3test"})
	})
}

// drain reads the body of a refused request: a client that is still sending would
// see a reset in place of the answer.
func drain(r *http.Request) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// Transport returns an [http.RoundTripper] that does what [Partitions.Handler] does,
// in front of a RoundTripper; nil means [http.DefaultTransport]. Around a [Transport]
// it works in bubbles of testing/synctest, by their time.
func (p *Partitions) Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	slowDown := refusal(errSlowDown)
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if p.admit(req) {
			return next.RoundTrip(req)
		}
		return slowDown.roundTrip(req, nil)
	})
}

func (p *Partitions) admit(r *http.Request) bool {
	bucket, key := address(r)
	if bucket == "" {
		return true
	}
	if key == "" {
		key = r.URL.Query().Get("prefix")
	}
	write := r.Method != http.MethodGet && r.Method != http.MethodHead
	return p.Admit(bucket, key, write, time.Now())
}
