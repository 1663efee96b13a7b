package s3test

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A Transport is an [http.RoundTripper] that calls a handler instead of a server.
//
// It has no sockets and no timers, so that it works in a bubble of
// testing/synctest, and no buffers: the handler's Write returns when the client
// has read the bytes. A client that sees the end of a body knows that the handler
// has returned.
//
// Each request runs its handler in a goroutine, which ends with the handler. When
// the client closes a body early or its context ends, the handler's request
// context ends, its writes fail and its request body is closed.
type Transport struct {
	// Handler answers the requests. It may panic with [http.ErrAbortHandler] to
	// break the connection. There is no recovery from any other panic.
	Handler http.Handler
}

// RoundTrip calls the handler and returns as soon as it has written its header.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	e := &exchange{
		req:      req,
		header:   http.Header{},
		answered: make(chan struct{}),
	}
	if err := context.Cause(req.Context()); err != nil {
		e.closeRequest()
		return nil, err
	}
	u, err := url.ParseRequestURI(req.URL.RequestURI())
	if err != nil {
		e.closeRequest()
		return nil, err
	}
	// The handler's context ends with the connection, in abandon, and not before:
	// else the handler could answer a client that has given up.
	ctx, cancel := context.WithCancel(context.WithoutCancel(req.Context()))
	e.cancel = cancel
	e.pr, e.pw = io.Pipe()
	go e.serve(t.Handler, e.incoming(ctx, u))

	select {
	case <-e.answered:
	case <-req.Context().Done():
	}
	if err := context.Cause(req.Context()); err != nil {
		e.abandon()
		return nil, err
	}
	return e.resp, e.err
}

// An exchange is one request and its answer. It is the handler's ResponseWriter.
type exchange struct {
	req         *http.Request
	cancel      context.CancelFunc // ends the handler's context
	closingBody sync.Once
	pr          *io.PipeReader
	pw          *io.PipeWriter

	// The handler's goroutine has these until it closes answered. Then what resp points
	// to is the client's.
	header   http.Header
	hasBody  bool
	length   int64 // declared, or -1
	sent     int64
	resp     *http.Response // nil if there is none
	err      error          // instead of resp
	answered chan struct{}
}

// incoming returns the request as a server would see it.
func (e *exchange) incoming(ctx context.Context, u *url.URL) *http.Request {
	in := e.req.Clone(ctx)
	in.URL = u
	in.RequestURI = u.RequestURI()
	in.Host = cmp.Or(e.req.Host, e.req.URL.Host)
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RemoteAddr = "192.0.2.1:1234" // as httptest.NewRequest has it
	in.GetBody, in.Cancel, in.Response = nil, nil, nil
	if e.req.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: e.req.URL.Hostname()}
	}
	if in.Body == nil {
		in.Body = http.NoBody
	} else {
		if in.ContentLength == 0 && in.Body != http.NoBody {
			in.ContentLength = -1 // as in a client's request: not known
		}
		in.Body = requestBody{e}
	}
	return in
}

// serve runs the handler. When it returns, nothing of the exchange is left but what
// the client holds.
func (e *exchange) serve(h http.Handler, in *http.Request) {
	stop := context.AfterFunc(e.req.Context(), e.abandon)
	defer e.cancel()
	defer e.closeRequest()
	defer stop()
	aborted := run(h, e, in)
	if !aborted {
		e.WriteHeader(http.StatusOK)
	}
	if e.resp == nil {
		e.err = io.ErrUnexpectedEOF
		close(e.answered)
	}
	if aborted || e.length > e.sent && e.hasBody {
		e.pw.CloseWithError(io.ErrUnexpectedEOF)
		return
	}
	e.pw.Close()
}

// run reports whether h broke the connection.
func run(h http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			aborted = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// abandon is the loss of the connection: the client's context has ended.
func (e *exchange) abandon() {
	e.pw.CloseWithError(context.Cause(e.req.Context()))
	e.cancel()
	e.closeRequest()
}

func (e *exchange) closeRequest() {
	e.closingBody.Do(func() {
		if e.req.Body != nil {
			e.req.Body.Close()
		}
	})
}

func (e *exchange) Header() http.Header { return e.header }

func (e *exchange) WriteHeader(status int) {
	if e.resp != nil || status < 200 {
		return // informational answers are not passed on
	}
	h := e.header.Clone()
	if h.Get("Date") == "" {
		h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	e.length = -1
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil {
		e.length = n
	}
	e.resp = &http.Response{
		Status:     strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        h,
		ContentLength: e.length,
		Body:          &responseBody{e: e},
		Request:       e.req,
	}
	e.hasBody = e.req.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified
	if !e.hasBody {
		e.resp.Body = http.NoBody
		if e.req.Method != http.MethodHead {
			e.resp.ContentLength = 0
		}
	}
	close(e.answered)
}

func (e *exchange) Write(p []byte) (int, error) {
	e.WriteHeader(http.StatusOK)
	switch {
	case !e.hasBody:
		if e.req.Method != http.MethodHead {
			return 0, http.ErrBodyNotAllowed
		}
		return len(p), nil
	case e.length >= 0 && e.sent+int64(len(p)) > e.length:
		return 0, http.ErrContentLength
	case len(p) == 0:
		return 0, nil // a pipe would wait for a reader
	}
	n, err := e.pw.Write(p)
	e.sent += int64(n)
	return n, err
}

// Flush sends the header. There is nothing else that could wait.
func (e *exchange) Flush() { e.WriteHeader(http.StatusOK) }

// requestBody is the client's body as the handler sees it.
type requestBody struct{ e *exchange }

func (b requestBody) Read(p []byte) (int, error) { return b.e.req.Body.Read(p) }
func (b requestBody) Close() error               { b.e.closeRequest(); return nil }

// responseBody is the handler's body as the client sees it.
type responseBody struct {
	e      *exchange
	closed atomic.Bool
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.e.pr.Read(p)
	if b.closed.Load() && err != nil {
		err = http.ErrBodyReadAfterClose
	}
	return n, err
}

func (b *responseBody) Close() error {
	b.closed.Store(true)
	b.e.pr.Close()
	b.e.cancel()
	b.e.closeRequest()
	return nil
}
