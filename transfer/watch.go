package transfer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/s3pool/s3pool/internal/xio"
)

// A watch is the context of one call of the API, which it ends when S3 has been silent for
// too long. Silence is measured where bytes move: while an attempt is with the HTTP client
// and none of its bytes goes out or comes in. What the SDK does between attempts (backoff,
// a Pacer's queue, credentials) is not silence of S3's.
//
// An API that is no SDK client has no attempts to look at. For such a one the whole call
// counts, until it has returned.
type watch struct {
	context.Context
	cancel  context.CancelFunc
	set     *settings
	timer   *time.Timer           // nil if nothing is to be measured
	due     atomic.Int64          // when the silence has been too long, by clock; or one of those below
	runs    atomic.Bool           // the timer does
	via     atomic.Pointer[guard] // of the last attempt, nil before the first
	stalled atomic.Bool           // the call has been ended for its silence
	left    atomic.Bool           // the request's place has been given up
	times   int32                 // as many StallTimeouts are for the answer's header
}

type watchKey struct{}

// Value implements context.Context. The SDK passes the context on to its attempts.
func (w *watch) Value(key any) any {
	if key == (watchKey{}) {
		return w
	}
	return w.Context.Value(key)
}

// watchOf returns the watch that ctx descends from, or nil.
func watchOf(ctx context.Context) *watch {
	w, _ := ctx.Value(watchKey{}).(*watch)
	return w
}

// watch returns a watch under ctx, when there is a place for another request of the
// Client. Its owner releases it when the call and its answer's body are done with.
func (s *settings) watch(ctx context.Context) (*watch, error) {
	if err := s.client.flights.enter(ctx); err != nil {
		return nil, err
	}
	w := &watch{set: s, times: 1}
	w.Context, w.cancel = context.WithCancel(ctx)
	if s.StallTimeout > 0 {
		w.runs.Store(true)
		w.timer = time.AfterFunc(s.StallTimeout, w.fire)
		w.arm()
	}
	return w, nil
}

// What a watch may have for a time.
const (
	idling = 0  // nothing is measured now
	over   = -1 // nor will be: it has been released
)

var start = time.Now()

// clock returns a time in nanoseconds.
func clock() int64 { return int64(time.Since(start)) }

// fire looks whether the silence has been too long. The timer is not touched with every byte,
// which would cost more than to read the clock. It never runs longer than a StallTimeout, and
// so no longer than what is armed meanwhile.
func (w *watch) fire() {
	due := w.due.Load()
	if due == idling {
		w.runs.Store(false)
		// Who has armed it since may have found it running.
		if due = w.due.Load(); due == idling || w.runs.Swap(true) {
			return
		}
	}
	if due == over {
		return
	}
	if left := due - clock(); left > 0 {
		w.timer.Reset(min(time.Duration(left), w.set.StallTimeout))
		if w.due.Load() == over {
			w.timer.Stop() // release may have done so before the Reset
		}
		return
	}
	w.stalled.Store(true)
	w.cancel()
}

// arm begins to measure, or begins anew: a byte has moved.
func (w *watch) arm() { w.armFor(w.set.StallTimeout) }

// armForHeader does so until the answer's header is there.
func (w *watch) armForHeader() { w.armFor(time.Duration(w.times) * w.set.StallTimeout) }

func (w *watch) armFor(d time.Duration) {
	if w.timer == nil || w.due.Load() == over { // a transport may read the request's body late
		return
	}
	w.due.Store(clock() + int64(d))
	if !w.runs.Load() && !w.runs.Swap(true) {
		w.timer.Reset(min(d, w.set.StallTimeout))
	}
}

// disarm ends the measuring until the next arm.
func (w *watch) disarm() {
	if w.timer != nil && w.due.Load() != over {
		w.due.Store(idling)
	}
}

// release ends the context and gives up the place.
func (w *watch) release() {
	if w.timer != nil {
		w.due.Store(over)
		w.timer.Stop()
	}
	w.cancel()
	w.leave()
}

// leave gives up the place, for the request is over.
func (w *watch) leave() {
	if !w.left.Swap(true) {
		w.set.client.flights.leave()
	}
}

// cause returns why a call under ctx failed, which has not ended: a silent one has been
// cancelled by us.
func (w *watch) cause(ctx context.Context, err error) error {
	if !w.stalled.Load() {
		return stray(ctx, err)
	}
	// Where one pooled connection is dead, the others may be too, and to find that out one
	// by one takes a StallTimeout each.
	if g := w.via.Load(); g != nil {
		g.suspect(&w.set.client.fresh)
	}
	return &stallError{w.set.StallTimeout}
}

// do makes one attempt.
func (w *watch) do(g *guard, req *http.Request) (*http.Response, error) {
	w.via.Store(g)
	w.armForHeader()
	defer w.disarm()
	if req.Body != nil && req.Body != http.NoBody {
		sent := *req // a request is not to be changed
		sent.Body = &watchedRequest{req.Body, w}
		req = &sent
	}
	resp, err := w.ask(g, req)
	// The body of an object is watched by whoever reads it. The SDK reads the others.
	if err == nil && resp.Body != nil && (req.Method != http.MethodGet || resp.StatusCode >= 300) {
		resp.Body = &watchedAnswer{ReadCloser: resp.Body, w: w}
	}
	return resp, err
}

// ask passes an attempt on until its answer is there.
func (w *watch) ask(g *guard, req *http.Request) (*http.Response, error) {
	f := w.set.client.flights
	f.ask(w)
	defer f.answered(w) // a panic of the HTTP client included
	return g.do(&w.set.client.fresh, req)
}

// A watchedRequest is the body of a request that is being sent.
type watchedRequest struct {
	io.ReadCloser
	w *watch
}

// Read implements io.Reader: the transport takes bytes when it has got rid of others. The
// time that the body itself takes is not the store's.
func (b *watchedRequest) Read(p []byte) (int, error) {
	b.w.disarm()
	n, err := b.ReadCloser.Read(p)
	b.w.armForHeader()
	return n, err
}

// A watchedAnswer is the body of an answer that the SDK reads: S3 may keep one open for
// minutes with blanks, while it makes an object of many parts.
type watchedAnswer struct {
	io.ReadCloser
	w     *watch
	empty int // Reads in a row that returned nothing
}

// Read implements io.Reader.
func (b *watchedAnswer) Read(p []byte) (int, error) {
	b.w.arm()
	defer b.w.disarm()
	n, err := b.ReadCloser.Read(p)
	if n > 0 || err != nil || len(p) == 0 {
		b.empty = 0
	} else if b.empty++; b.empty >= xio.MaxEmptyReads {
		return 0, io.ErrNoProgress // the SDK would go on reading for ever
	}
	return n, err
}

// A stallError is the cause of a request that was cancelled for its silence.
type stallError struct{ after time.Duration }

func (e *stallError) Error() string { return fmt.Sprintf("no byte arrived for %v", e.after) }

// Timeout makes it a net.Error's kind of error.
func (e *stallError) Timeout() bool { return true }
