package server

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
)

// A call is one request on its way.
type call struct {
	s         *Server
	w         *response
	r         *http.Request
	id        string
	route     string
	transfers bool // PUT or GET of an object
	bodyRead  bool // to its end
	user      string
	repo      string
}

// handle adds a route. What h returns is answered as a problem; an answer that h has begun
// stays as it is.
func (s *Server) handle(pattern string, transfers bool, h func(*call) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c := w.(*response).call
		_, c.route, _ = strings.Cut(pattern, " ")
		c.transfers, c.r = transfers, r // with the path's values
		if err := h(c); err != nil {
			c.fail(err)
		}
	})
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if r.URL.Path != "/readyz" && r.URL.Path != "/healthz" {
		// Load balancers ask these for ever. They are no clients to wait for.
		s.drain.enter()
		defer s.drain.leave()
	}
	s.Metrics.InFlight.Inc()
	defer s.Metrics.InFlight.Dec()

	c := &call{s: s, r: r, id: rand.Text()[:16], route: "none"}
	c.w = newResponse(w, s.Progress, s.drain.draining)
	c.w.call = c
	c.w.d.before()
	if r.ContentLength != 0 {
		// For what net/http reads of a body that we leave unread.
		http.NewResponseController(w).SetReadDeadline(began.Add(s.Progress))
	}
	c.w.Header().Set("X-Request-Id", c.id)
	defer c.done(began)
	defer c.rescue()

	if prefix := s.prefix(); prefix != "" && strings.HasPrefix(r.URL.Path, prefix+"/") {
		// A proxy may leave the path of the public URL on, or take it off.
		r = stripped(r, prefix)
	}
	// The mux would redirect what it cleans, and answer in plain text.
	h, pattern := s.mux.Handler(r)
	switch {
	case r.URL.Path == "" || r.URL.Path[0] != '/' || path.Clean(r.URL.Path) != r.URL.Path:
		c.fail(missing("There is nothing at this address."))
	case pattern == "":
		probe := &probe{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			c.w.Header().Set("Allow", probe.header.Get("Allow"))
			c.fail(&problem{status: probe.status, message: "The method is not allowed here."})
			return
		}
		c.fail(missing("There is nothing at this address."))
	default:
		s.mux.ServeHTTP(c.w, r)
	}
}

// A probe is a ResponseWriter that keeps the status alone.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

// prefix returns the path of the public URL, without a slash at its end.
func (s *Server) prefix() string {
	if s.PublicURL == nil {
		return ""
	}
	return strings.TrimSuffix(s.PublicURL.Path, "/")
}

// fail answers with a problem, unless there is an answer already.
func (c *call) fail(err error) {
	p := problemOf(c.r.Context(), err, c.transfers)
	if p.cause != "" {
		c.s.Metrics.Refusals.WithLabelValues(p.cause).Inc()
	}
	level := slog.LevelInfo
	if p.status >= 500 || p.cause == metrics.CauseUnavailable {
		level = slog.LevelError
	}
	c.s.Log.Log(c.r.Context(), level, "refused", "request_id", c.id, "route", c.route, "status", p.status, "error", p.Error())
	if c.w.status != 0 {
		return
	}
	if c.r.Method == http.MethodPut && !c.bodyRead {
		// net/http would read some of the body before it answers, and a client that waits for
		// the answer would wait for ever.
		c.w.Header().Set("Connection", "close")
	}
	p.write(c.w, c.id, c.r.Method == http.MethodHead)
}

// reply answers in JSON.
func (c *call) reply(status int, v any) error {
	writeJSON(c.w, status, v, c.r.Method == http.MethodHead)
	return nil
}

// rescue answers where a handler has panicked.
func (c *call) rescue() {
	v := recover()
	switch {
	case v == nil:
	case v == http.ErrAbortHandler:
		panic(v)
	default:
		c.s.Log.Error("panic", "request_id", c.id, "value", v, "stack", string(debug.Stack()))
		if c.w.status != 0 {
			panic(http.ErrAbortHandler)
		}
		(&problem{status: http.StatusInternalServerError, message: "The server has failed."}).write(c.w, c.id, c.r.Method == http.MethodHead)
	}
}

// done counts and logs. Neither path nor query nor headers are logged: they hold secrets.
func (c *call) done(began time.Time) {
	took := time.Since(began)
	m := c.s.Metrics
	m.Requests.WithLabelValues(c.route, method(c.r.Method), strconv.Itoa(c.w.status)).Inc()
	m.Seconds.WithLabelValues(c.route).Observe(took.Seconds())
	c.s.Log.Info("request", "request_id", c.id, "method", c.r.Method, "route", c.route, "repository", c.repo,
		"user", c.user, "client", c.s.clientAddr(c.r), "status", c.w.status, "bytes", c.w.bytes, "ms", took.Milliseconds())
}

// method bounds the values of a label.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return m
	}
	return "other"
}

// stripped returns r without a prefix of its path.
func stripped(r *http.Request, prefix string) *http.Request {
	r2 := *r
	u := *r.URL
	u.Path, u.RawPath = strings.TrimPrefix(u.Path, prefix), strings.TrimPrefix(u.RawPath, prefix)
	r2.URL = &u
	return &r2
}
