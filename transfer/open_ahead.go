package transfer

import (
	"sync"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/part"
)

// A slot is a part that a helper fetches.
type slot struct {
	ahead *readAhead
	r     part.Range
	buf   *mem.Buffer
	err   error         // set before done is closed
	done  chan struct{} // closed when the part is there, or is not to be had
}

func (s *slot) rest(pos int64) []byte { return s.buf.Bytes()[pos-s.r.From : s.r.Len()] }

func (s *slot) number(t *transfer) int {
	if s == nil {
		return 0
	}
	return t.partOf(s.r.From)
}

// release gives back the buffer, and the helper's leave to take another.
func (s *slot) release() {
	s.ahead.t.set.pool.ReleaseAhead(s.buf)
	<-s.ahead.places
}

// readAhead fetches parts before they are due, in order. A helper takes memory
// first and then claims the part that is next: while the budget has nothing, the
// parts remain free for the reader itself to fetch, and the helper asks again whenever
// the reader has got one part further.
type readAhead struct {
	t      *transfer
	claims *part.Claims
	places chan struct{} // a token for each part that is fetched or waits to be read
	again  chan struct{} // a token for each helper that may ask for memory again
	wg     sync.WaitGroup

	started, tookOver bool // under Reader.mu

	mu    sync.Mutex
	queue chan *slot // parts in order, sent under mu; as large as places
}

func newReadAhead(t *transfer) *readAhead {
	n := t.set.Concurrency
	return &readAhead{
		t:      t,
		claims: part.NewClaims(part.NewPlan(t.rng, t.set.PartSize)),
		places: make(chan struct{}, n),
		again:  make(chan struct{}, n),
		queue:  make(chan *slot, n),
	}
}

// start starts the helpers beside the first body.
func (a *readAhead) start() {
	for range cap(a.places) - 1 {
		a.wg.Go(a.help)
	}
}

// takeOver starts one more instead of the first body, when that has ended. The
// reader calls it.
func (a *readAhead) takeOver() {
	if !a.tookOver {
		a.tookOver = true
		a.wg.Go(a.help)
	}
}

func (a *readAhead) help() {
	for {
		select {
		case a.places <- struct{}{}:
		case <-a.t.ctx.Done():
			return
		}
		s, more := a.claim()
		if s == nil {
			<-a.places
			if !more {
				return
			}
			select {
			case <-a.again:
				continue
			case <-a.t.ctx.Done():
				return
			}
		}
		st := a.t.stream(a.t.ctx, s.r)
		s.err = st.readFull(s.buf.Bytes()[:s.r.Len()])
		st.close()
		close(s.done)
		if s.err != nil {
			return
		}
	}
}

// nudge lets the helpers ask for memory again. A token too many does no harm.
func (a *readAhead) nudge() {
	for range cap(a.again) {
		select {
		case a.again <- struct{}{}:
		default:
			return
		}
	}
}

// claim takes memory, and then the next part for it. It returns nil if there is no
// memory, or if more is false, no part.
func (a *readAhead) claim() (s *slot, more bool) {
	free := a.claims.Free().Len()
	if free <= 0 {
		return nil, false
	}
	pool := a.t.set.pool
	buf, ok := pool.AcquireAhead(int(min(a.t.set.PartSize, free)))
	if !ok {
		return nil, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.claims.NextInOrder()
	if !ok {
		pool.ReleaseAhead(buf)
		return nil, false
	}
	s = &slot{ahead: a, r: r, buf: buf, done: make(chan struct{})}
	a.queue <- s
	return s, true
}

// take claims the part at pos for the reader itself, if it is the next free one.
func (a *readAhead) take(pos int64) (part.Range, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) > 0 || a.claims.Free().From != pos {
		return part.Range{}, false
	}
	return a.claims.NextInOrder()
}

// wait returns the helpers' next part when it is there. The slot is the caller's,
// with an error too.
func (a *readAhead) wait() (*slot, error) {
	var s *slot
	select {
	case s = <-a.queue:
	case <-a.t.ctx.Done():
		return nil, a.t.ctx.Err()
	}
	select {
	case <-s.done:
		return s, s.err
	case <-a.t.ctx.Done():
		<-s.done // its helper has been told, and still writes to the buffer
		return s, a.t.ctx.Err()
	}
}

// stop waits for the helpers, whose context has ended, and releases what nobody
// has read.
func (a *readAhead) stop() {
	// A helper may be about to queue its part: there is room for it.
	a.wg.Wait()
	for {
		select {
		case s := <-a.queue:
			s.release()
		default:
			return
		}
	}
}
