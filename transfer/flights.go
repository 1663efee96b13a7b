package transfer

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/semaphore"
)

// flights are the requests of a Client that are under way: no more than a number at a
// time, first come, first served. A download's lasts until its body has been closed.
//
// A body that nobody reads, since the caller has not come back for more, is parked.
// Whoever waits gets its place: in a moment, for a caller who comes right back shall not
// pay each Read with a request, see lull and turn. And because only the HTTP client knows how many
// connections there are, it is also closed when it has been parked for some time. Its
// stream is continued later by another request. So a caller who is slow, or waits for a
// request himself before he reads on, keeps nobody from going on.
type flights struct {
	sem *semaphore.Weighted // of x/sync: it is first come, first served

	underway, waiting atomic.Int64

	mu     sync.Mutex
	soon   *time.Timer      // runs while somebody waits and what is parked is not due
	tick   int32            // counts the timer
	timer  *time.Timer      // runs while something is parked
	asking map[*watch]int32 // attempts without an answer yet, by the tick at which they began
	parked parking          // the ring of those that are parked, the longest ago first
}

func newFlights(n int) *flights {
	f := &flights{sem: semaphore.NewWeighted(int64(n)), asking: map[*watch]int32{}}
	f.parked.next, f.parked.prev = &f.parked, &f.parked
	return f
}

// idle is how long a body may be parked, at first. Each time the stream gets twice as long:
// a slow client shall not cause a request a second. But while a request has been waiting
// for its answer as long as that, it may be for a connection, and no body stays longer.
const idle = time.Second

// While others wait for a place, a body is closed when it has been parked for lull: its
// caller is busy with something else, or waits himself. One who keeps coming back for more
// has his place for a turn.
const (
	lull = 20 * time.Millisecond
	turn = time.Second
)

// lifeline is how long a body stays that cannot be continued, since the store tells nothing
// by which to ask for the same version again, while others wait. The Reader then fails: it
// may be what the others wait for, as the body of an upload is.
const lifeline = 30 * time.Second

// ask notes that an attempt waits for its answer, and answered that it does not any more.
func (f *flights) ask(w *watch) {
	f.mu.Lock()
	f.asking[w] = f.tick
	f.mu.Unlock()
}

func (f *flights) answered(w *watch) {
	f.mu.Lock()
	delete(f.asking, w)
	f.mu.Unlock()
}

// enter waits for a place under ctx. The caller holds no memory that it would wait for,
// and no other place.
func (f *flights) enter(ctx context.Context) error {
	if f.sem.TryAcquire(1) {
		if f.waiting.Load() > 0 {
			f.evict() // this place may have been made for somebody else
		}
	} else {
		f.waiting.Add(1)
		f.evict()
		err := f.sem.Acquire(ctx, 1)
		f.waiting.Add(-1)
		if err != nil {
			return err
		}
	}
	f.underway.Add(1)
	return nil
}

func (f *flights) leave() {
	f.underway.Add(-1)
	f.sem.Release(1)
}

// A parking is where the body of one stream is parked, again and again.
type parking struct {
	f      *flights // nil before the first time
	stream *stream

	// Under f.mu.
	next, prev *parking      // in f.parked; a list of elements would be an allocation more
	parked     bool          // others may close the body
	last       bool          // but at the very last, for it cannot be continued; see lifeline
	closing    chan struct{} // closed when somebody has done so
	at, begun  time.Time     // when it was parked, and for the first time since it was closed
	since      int32         // the tick at which it was parked
	ticks      int32         // how many it may stay
}

// park lets others close the body until unpark.
func (p *parking) park() {
	f := p.f
	f.mu.Lock()
	p.parked, p.since, p.at = true, f.tick, time.Now()
	if p.begun.IsZero() {
		p.begun = p.at
	}
	p.unlink()
	last := f.parked.prev
	p.prev, p.next = last, &f.parked
	last.next, f.parked.prev = p, p
	if f.timer == nil {
		f.timer = time.AfterFunc(idle, f.sweep)
	}
	f.mu.Unlock()
	if f.waiting.Load() > 0 {
		f.evict()
	}
}

func (p *parking) unlink() {
	if p.next != nil {
		p.prev.next, p.next.prev = p.next, p.prev
		p.next, p.prev = nil, nil
	}
}

// unpark takes the body back. It reports false if the body has been closed.
func (p *parking) unpark() bool {
	p.f.mu.Lock()
	mine := p.parked
	p.parked = false
	p.unlink()
	p.f.mu.Unlock()
	if !mine {
		<-p.closing
	}
	return mine
}

// evict closes the body that has been parked for the longest time, if one is due. If one
// will be, it looks again then.
func (f *flights) evict() {
	now := time.Now()
	next := time.Duration(-1)
	f.mu.Lock()
	for p := f.parked.next; p != &f.parked; p = p.next {
		due := min(lull-now.Sub(p.at), turn-now.Sub(p.begun))
		if p.last {
			due = lifeline - now.Sub(p.at)
		}
		if due <= 0 {
			p.take()
			f.mu.Unlock()
			p.close()
			return
		}
		if next < 0 || due < next {
			next = due
		}
	}
	if next >= 0 && f.soon == nil {
		f.soon = time.AfterFunc(next, f.again)
	}
	f.mu.Unlock()
}

// again closes a body for each of those who still wait.
func (f *flights) again() {
	f.mu.Lock()
	f.soon = nil
	f.mu.Unlock()
	for range f.waiting.Load() {
		f.evict()
	}
}

// take makes the body the caller's, who holds f.mu and calls close without it.
func (p *parking) take() {
	p.parked, p.begun = false, time.Time{}
	p.unlink()
	p.closing = make(chan struct{})
}

func (p *parking) close() {
	p.stream.abandon()
	close(p.closing)
}

// sweep closes what has been parked for too long.
func (f *flights) sweep() {
	f.mu.Lock()
	f.tick++
	f.timer = nil
	stuck := false
	for _, since := range f.asking {
		stuck = stuck || f.tick-since > 1
	}
	var late []*parking
	again := false
	for p, next := f.parked.next, (*parking)(nil); p != &f.parked; p = next {
		next = p.next
		switch {
		case p.last && (!stuck || f.tick-p.since <= int32(lifeline/idle)):
			again = true
		case f.tick-p.since > p.ticks || stuck && f.tick-p.since > 1:
			if !stuck {
				p.ticks = min(2*p.ticks, 32)
			}
			p.take()
			late = append(late, p)
		default:
			again = true
		}
	}
	if again {
		f.timer = time.AfterFunc(idle, f.sweep)
	}
	f.mu.Unlock()
	for _, p := range late {
		p.close()
	}
}

// connectionsOf returns how many connections the HTTP client of api makes to a host, or 0
// if that is not known or not bounded.
func connectionsOf(api API) int {
	c, ok := api.(interface{ Options() s3.Options })
	if !ok {
		return 0
	}
	switch h := c.Options().HTTPClient.(type) {
	case interface{ GetTransport() *http.Transport }: // the SDK's own
		return h.GetTransport().MaxConnsPerHost
	case *http.Client:
		if t, ok := h.Transport.(*http.Transport); ok {
			return t.MaxConnsPerHost
		}
	}
	return 0
}
