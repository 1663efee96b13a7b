package s3http

import (
	"context"
	"net/http"
	"sync"
)

// A breaker calls f with w once when a context ends, and not once it has been stopped.
// context.AfterFunc alone lets f run on when the handler has returned, and then f touches a
// connection or HTTP/2 stream that belongs to another request, or to nobody.
type breaker struct {
	w      http.ResponseWriter
	f      func(http.ResponseWriter) error
	cancel func() bool

	mu             sync.Mutex
	stopped, fired bool
}

func breakAfter(ctx context.Context, w http.ResponseWriter, f func(http.ResponseWriter) error) *breaker {
	b := &breaker{w: w, f: f}
	b.cancel = context.AfterFunc(ctx, b.fire)
	return b
}

func (b *breaker) fire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped {
		b.fired = true
		b.f(b.w) // its error is that of a connection that has gone
	}
}

// stop waits for a call of f under way, and reports whether there was one. There is none
// afterwards.
func (b *breaker) stop() (fired bool) {
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	return b.fired
}
