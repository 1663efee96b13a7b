package server

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// A deadline rolls: it is put off whenever a client has moved some bytes. Time that we take
// ourselves is not counted. Once somebody else sets the deadline, to break the connection off,
// it stays.
type deadline struct {
	set    func(time.Time) error
	window time.Duration

	mu      sync.Mutex
	fixed   bool
	setAt   time.Time // when it was put off last
	movedAt time.Time // when the client last moved
	moved   int       // bytes since setAt
}

const (
	// minProgress is the bytes that a client must move in a window: not one a minute.
	minProgress = 1 << 10

	// setEvery keeps deadlines from being set for every piece.
	setEvery = time.Second

	// pieceSize is the bytes that are written under one deadline.
	pieceSize = 128 << 10
)

// before is called before waiting for the client.
func (d *deadline) before() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	ours := now.Sub(d.movedAt) >= setEvery // it was we who did not ask for more
	if d.fixed || !ours && (d.moved < minProgress || now.Sub(d.setAt) < setEvery) {
		return
	}
	d.set(now.Add(d.window)) // an error means that there is no connection
	d.setAt, d.moved = now, 0
}

// after is called when the client has moved n bytes.
func (d *deadline) after(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moved += n
	d.movedAt = time.Now()
}

// fix sets the deadline for good.
func (d *deadline) fix(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fixed = !t.IsZero()
	return d.set(t)
}

// A progressBody is a request's body under a rolling deadline.
type progressBody struct {
	io.ReadCloser
	c     *call
	d     deadline
	count func(int)
}

func newProgressBody(c *call, count func(int)) *progressBody {
	b := &progressBody{ReadCloser: c.r.Body, c: c, count: count}
	b.d.set, b.d.window = http.NewResponseController(c.w).SetReadDeadline, c.s.Progress
	return b
}

// Read implements io.Reader.
func (b *progressBody) Read(p []byte) (int, error) {
	b.d.before()
	n, err := b.ReadCloser.Read(p)
	b.d.after(n)
	b.count(n)
	if err == io.EOF {
		b.c.bodyRead = true
		// net/http goes on to watch the connection. A deadline that passes then would look
		// like a client that has gone.
		b.d.fix(time.Time{})
	}
	return n, err
}

// A response is a ResponseWriter under a rolling deadline, which knows what it has sent.
type response struct {
	http.ResponseWriter
	d        deadline
	draining func() bool
	call     *call
	status   int   // 0 before the header
	bytes    int64 // of the body
}

func newResponse(w http.ResponseWriter, window time.Duration, draining func() bool) *response {
	r := &response{ResponseWriter: w, draining: draining}
	r.d.set, r.d.window = http.NewResponseController(w).SetWriteDeadline, window
	return r
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// SetWriteDeadline is for http.ResponseController: s3http.Serve breaks a response off by one.
func (w *response) SetWriteDeadline(t time.Time) error { return w.d.fix(t) }

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	if status >= 200 && w.status == 0 {
		w.status = status
		if w.draining() {
			w.Header().Set("Connection", "close") // the next request goes to another replica
		}
	}
	w.d.before()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (n int, err error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	for len(p) > 0 && err == nil {
		var m int
		w.d.before()
		m, err = w.ResponseWriter.Write(p[:min(len(p), pieceSize)])
		w.d.after(m)
		n += m
		p = p[m:]
	}
	w.bytes += int64(n)
	return n, err
}
