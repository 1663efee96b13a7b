package s3test

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Fault is what goes wrong with one request. The zero Fault is that nothing does.
// The functions of this package that return a Fault cover what S3 and networks do
// to their clients; a test may write its own.
//
// Faults speak the language of [http.RoundTripper]: a connection that is closed
// too early is [io.ErrUnexpectedEOF], one that is reset is syscall.ECONNRESET,
// from RoundTrip before the answer and from the body's Read after it. A [Proxy]
// turns these errors into the events that they stand for.
type Fault struct {
	// Name says what the fault does, for messages of failing tests.
	Name string

	// RoundTrip answers req in place of next, which leads to the real S3. It obeys
	// the rules of http.RoundTripper. It is called at most once for each time that
	// the Script returns the Fault. Nil calls next.
	RoundTrip func(req *http.Request, next http.RoundTripper) (*http.Response, error)
}

// String returns the name.
func (f Fault) String() string { return f.Name }

func (f Fault) roundTrip(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	if f.RoundTrip == nil {
		return next.RoundTrip(req)
	}
	return f.RoundTrip(req, next)
}

// Join returns a Fault that does all of faults, the first nearest to the client:
// its body faults count the bytes that the others have let through.
func Join(faults ...Fault) Fault {
	var names []string
	var list []Fault
	for _, f := range faults {
		if f.RoundTrip != nil {
			names, list = append(names, f.Name), append(list, f)
		}
	}
	if len(list) == 0 {
		return Fault{}
	}
	return Fault{strings.Join(names, ", "), func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		for i := len(list) - 1; i > 0; i-- {
			f, inner := list[i], next
			next = roundTripper(func(req *http.Request) (*http.Response, error) { return f.roundTrip(req, inner) })
		}
		return list[0].roundTrip(req, next)
	}}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Before calls f and then lets the request pass. It is for what happens to an
// object between two requests for it: f may replace it.
func Before(f func(*http.Request)) Fault {
	return Fault{"before", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		f(req)
		return next.RoundTrip(req)
	}}
}

// Replaced pretends that the object has been replaced by one of the same size with
// this entity tag: If-Match with another is answered with 412, and every answer
// carries the new tag. A client that asks for the new tag gets the old bytes; since
// If-Match is then taken out of the request, an S3 that verifies signatures refuses
// it. For that, replace the object for real, see [Before].
func Replaced(etag string) Fault {
	return Fault{"replaced by " + etag, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		if v := req.Header.Get("If-Match"); v != "" {
			if !matches(v, etag, strong) {
				return refuse(req, preconditionFailed("If-Match"))
			}
			req = req.Clone(req.Context())
			req.Header.Del("If-Match")
		}
		resp, err := next.RoundTrip(req)
		if err == nil && resp.Header.Get("Etag") != "" {
			resp.Header.Set("Etag", etag)
		}
		return resp, err
	}}
}

// Status answers with an error of S3 that has this status and code, such as 403
// and "AccessDenied", after having read the request's body.
func Status(status int, code string) Fault {
	return refusal(&apiError{status: status, code: code, message: "Injected by s3test."})
}

// InternalError answers 500 InternalError, after having read the request's body.
func InternalError() Fault {
	return refusal(&apiError{status: 500, code: "InternalError", message: "We encountered an internal error. Please try again."})
}

// SlowDown answers 503 SlowDown, after having read the request's body, with a
// Retry-After header of retryAfter, rounded up to seconds, unless it is zero, which
// is what S3 does.
func SlowDown(retryAfter time.Duration) Fault {
	e := &apiError{status: 503, code: "SlowDown", message: "Please reduce your request rate."}
	if retryAfter > 0 {
		e.header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(retryAfter.Seconds())))}}
	}
	return refusal(e)
}

func refusal(e *apiError) Fault {
	return Fault{strconv.Itoa(e.status) + " " + e.code, func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		if err := drainBody(req); err != nil {
			return nil, err
		}
		return refuse(req, e)
	}}
}

// Early answers with an error of S3 when n bytes of the request's body have come,
// while the client is still sending the rest, which nobody reads.
func Early(n int64, status int, code string) Fault {
	e := &apiError{status: status, code: code, message: "Injected by s3test."}
	return Fault{"early " + strconv.Itoa(status) + " " + code, func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		if req.Body != nil {
			if _, err := io.CopyN(io.Discard, req.Body, n); err != nil && err != io.EOF {
				req.Body.Close()
				return nil, err
			}
		}
		return refuse(req, e)
	}}
}

// refuse answers with e, and closes the request's body when that of the answer is
// closed, as a transport would.
func refuse(req *http.Request, e *apiError) (*http.Response, error) {
	body := e.body(req.URL.Path, "s3test")
	h := http.Header{}
	if e.header != nil {
		h = e.header.Clone()
	}
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Amz-Request-Id", "s3test")
	resp := &http.Response{
		Status:     strconv.Itoa(e.status) + " " + http.StatusText(e.status),
		StatusCode: e.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        h,
		ContentLength: int64(len(body)),
		Request:       req,
	}
	if req.Method == http.MethodHead {
		body = nil
	}
	resp.Body = &answer{bytes.NewReader(body), req.Body}
	return resp, nil
}

type answer struct {
	io.Reader
	request io.Closer // may be nil
}

func (a *answer) Close() error {
	if a.request != nil {
		return a.request.Close()
	}
	return nil
}

// Reset resets the connection before there is an answer. The request does not
// reach S3. Go's client sends a GET again by itself if its connection had been used
// before.
func Reset() Fault {
	return Fault{"reset", func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, errReset
	}}
}

// LoseAnswer lets the request pass and resets the connection instead of returning
// the answer: the client cannot know what has happened to its write.
func LoseAnswer() Fault {
	return Fault{"lost answer", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		// Read, so that it has happened for sure.
		discard(resp.Body)
		resp.Body.Close()
		return nil, errReset
	}}
}

// Hang never answers. It ends when the client gives up.
func Hang() Fault {
	return Fault{"hang", func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		if req.Body != nil {
			defer req.Body.Close()
		}
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	}}
}

// Delay lets the answer come no sooner than d after the request.
func Delay(d time.Duration) Fault {
	return Fault{"first byte after " + d.String(), func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		start := time.Now()
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if err := sleep(req.Context(), nil, d-time.Since(start)); err != nil {
			resp.Body.Close()
			return nil, err
		}
		return resp, nil
	}}
}

// ContentRange gives an answer with status 206 another Content-Range; an empty
// value removes it.
func ContentRange(value string) Fault {
	return Fault{"Content-Range: " + value, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusPartialContent {
			resp.Header.Set("Content-Range", value)
			if value == "" {
				resp.Header.Del("Content-Range")
			}
		}
		return resp, err
	}}
}

// sleep waits for d, for the end of ctx or for closed, which may be nil.
func sleep(ctx context.Context, closed <-chan struct{}, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	return wait(ctx, closed, t.C)
}

// wait waits for until, for the end of ctx or for closed, which may be nil.
func wait[T any](ctx context.Context, closed <-chan struct{}, until <-chan T) error {
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-closed:
		return http.ErrBodyReadAfterClose
	}
}

// A closing tells those who wait that a body has been closed.
type closing struct {
	once sync.Once
	ch   chan struct{}
}

func newClosing() *closing { return &closing{ch: make(chan struct{})} }

func (c *closing) close() { c.once.Do(func() { close(c.ch) }) }
