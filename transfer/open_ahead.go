package transfer

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/unwind"
)

// readAhead fetches parts of a Reader's object before they are due, in order, each in a
// goroutine of its own.
//
// Its memory is revocable: whoever waits for the budget takes it back, the last part
// first, and the part is fetched again when it is due. So nothing of it is handed out but
// by copying, where there is a budget.
type readAhead struct {
	t      *transfer
	claims *part.Claims
	lender mem.Ahead

	// hashes says that parts are hashed as they arrive, while they are in the processor's
	// cache. Without a budget nothing is fetched twice, and so nothing hashed twice.
	hashes bool

	group *unwind.Group
	ctx   context.Context // of the group

	// wake is the position from which on there may be one part more. It is the Reader's.
	wake int64

	mu    sync.Mutex
	pos   int64   // of the Reader's next byte
	queue []*slot // parts in order; the Reader is at the first, or before it
}

// A slot is a part in memory, or on its way there.
type slot struct {
	r      part.Range
	buf    *mem.Buffer
	cancel context.CancelFunc
	ready  chan struct{} // closed when the part is there, or is not to be had
	sum    crc.Cursor    // of the part that is there, if it has been hashed

	// Under readAhead.mu.
	done     bool // nobody writes to buf any more
	revoked  bool // out of the queue: what is fetched is dropped
	released bool
	err      error
}

func newReadAhead(t *transfer) *readAhead {
	a := &readAhead{t: t, claims: part.NewClaims(part.NewPlan(t.rng, t.set.PartSize)), pos: t.rng.From}
	a.group, a.ctx = unwind.NewGroup(t.ctx, 0)
	a.lender.Reclaim = a.reclaim
	a.hashes = t.set.pool.MaxBytes() == 0 && t.sums.composite == nil
	a.wake = a.pos + a.due(0)
	return a
}

// due is how many bytes must have been read for a part to be fetched ahead beyond n: a
// sixteenth of a part for the first, and a quarter for each that follows. A Reader of which
// only the head is read causes one request; a client that does not read, whose connection
// takes some megabytes all the same, causes a part or two to be read ahead.
func (a *readAhead) due(n int64) int64 {
	size := a.t.set.PartSize
	return (size-1)/16 + 1 + n*((size-1)/4+1)
}

// more begins to fetch what may be fetched by now, as far as there is memory. The Reader
// calls it when it has got on; others says how many requests it has under way itself.
func (a *readAhead) more(others int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	allowed, most := int64(0), int64(a.t.set.Concurrency)
	if beyond := a.pos - a.t.rng.From - a.due(0); beyond >= 0 {
		allowed = min(1+beyond/(a.due(1)-a.due(0)), most)
	}
	places := min(most-int64(others), allowed)
	a.wake = maxInt64
	if allowed < most {
		a.wake = a.t.rng.From + a.due(allowed)
	}
	for int64(len(a.queue)) < places && !a.t.whole.Load() {
		free := a.claims.Free().Len()
		if free <= 0 {
			return
		}
		buf, ok := a.t.set.pool.AcquireAhead(int(min(a.t.set.PartSize, free)), &a.lender)
		if !ok {
			return
		}
		r, _ := a.claims.NextInOrder()
		s := &slot{r: r, buf: buf, ready: make(chan struct{}), err: errUnfinished}
		var ctx context.Context
		ctx, s.cancel = context.WithCancel(a.ctx)
		a.queue = append(a.queue, s)
		a.group.Go(func() error {
			a.fetch(ctx, s)
			return nil
		})
	}
}

func (a *readAhead) fetch(ctx context.Context, s *slot) {
	st := a.t.stream(ctx, s.r)
	st.ranged = true
	if a.hashes {
		st.cursor = a.t.sums.cursor(s.r.From)
	}
	// A panic of the caller's code in Progress or OnEvent ends the Reader.
	defer func() {
		a.mu.Lock()
		s.done = true
		if s.revoked {
			a.release(s)
		}
		a.mu.Unlock()
		s.cancel()
		close(s.ready)
	}()
	defer st.close()
	err := st.readFull(s.buf.Bytes()[:s.r.Len()])
	s.sum, st.cursor = st.cursor, crc.Cursor{} // it counts when the part is delivered
	a.mu.Lock()
	s.err = err
	a.mu.Unlock()
}

// errUnfinished is the error of a slot whose goroutine did not return.
var errUnfinished = errors.New("the part was not fetched to its end")

// release gives back a slot's memory. The caller holds mu, and nobody writes to it.
func (a *readAhead) release(s *slot) {
	if !s.released {
		s.released = true
		a.t.set.pool.ReleaseAhead(s.buf, &a.lender)
	}
}

// reclaim gives back n bytes for somebody who waits for memory, see mem.Ahead.
func (a *readAhead) reclaim(n int64) (freed int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for n > freed && len(a.queue) > 0 {
		freed += a.dropLast()
	}
	return freed
}

// dropLast gives up the last part, and returns the bytes of memory that this frees.
func (a *readAhead) dropLast() int64 {
	s := a.queue[len(a.queue)-1]
	a.queue = a.queue[:len(a.queue)-1]
	a.claims.GiveBack(part.Range{From: max(a.pos, s.r.From), To: s.r.To})
	s.revoked = true
	size := a.t.set.pool.Charge(len(s.buf.Bytes()))
	if s.done {
		a.release(s)
	} else {
		s.cancel()
	}
	return size
}

// take claims the part at pos for the Reader itself, if it is the next free one.
func (a *readAhead) take(pos int64) (part.Range, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) > 0 || a.claims.Free().From != pos {
		return part.Range{}, false
	}
	return a.claims.NextInOrder()
}

// wait waits for the part that holds the Reader's next byte. It returns nil if the part
// has to be fetched by the Reader, and the part's number with an error.
func (a *readAhead) wait() (s *slot, number int, err error) {
	a.mu.Lock()
	if len(a.queue) == 0 {
		a.mu.Unlock()
		return nil, 0, nil
	}
	s = a.queue[0]
	a.mu.Unlock()
	select {
	case <-s.ready:
	case <-a.ctx.Done():
		return nil, 0, a.ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case s.revoked:
		return nil, 0, nil
	case s.err == errNoRanges:
		for len(a.queue) > 0 {
			a.dropLast()
		}
		return nil, 0, nil
	}
	return s, a.t.partOf(s.r.From), s.err
}

// read copies what s has for the Reader into p, and notes that the Reader has it: a part
// revoked a moment later is given back from there on. It returns 0 if s has been revoked.
func (a *readAhead) read(s *slot, p []byte) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.revoked {
		return 0
	}
	n := copy(p, s.buf.Bytes()[a.pos-s.r.From:s.r.Len()])
	a.pos += int64(n)
	return n
}

// piece returns up to n bytes of what s has for the Reader. It is for a pool without a
// budget: nothing is revoked there.
func (a *readAhead) piece(s *slot, n int64) []byte {
	off := a.pos - s.r.From
	return s.buf.Bytes()[off:min(off+n, s.r.Len())]
}

// advance notes that the Reader is at pos, and reports whether it is done with s, which
// may be nil.
func (a *readAhead) advance(s *slot, pos int64) (done bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pos = pos
	if s == nil || pos < s.r.To {
		return false
	}
	if !s.revoked {
		a.queue = slices.Delete(a.queue, 0, 1)
		s.revoked = true
		a.release(s)
		a.t.set.pool.Touch(&a.lender)
	}
	return true
}

// stop waits for the goroutines, whose context has ended, and releases what nobody has
// read. It panics if the caller's code has panicked in one of them.
func (a *readAhead) stop() {
	err := a.group.Wait()
	a.mu.Lock()
	for _, s := range a.queue {
		s.revoked = true
		a.release(s)
	}
	a.queue = nil
	a.mu.Unlock()
	unwind.Rethrow(err)
}
