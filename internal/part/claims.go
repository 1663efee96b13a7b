package part

import (
	"slices"
	"sync"
)

// Claims deals the parts of a plan to those who fetch them: the body of the
// first request, which reads forward from the beginning, and helpers, which
// ask for a part each. Every byte is dealt exactly once. Its methods are safe
// for concurrent use; do not copy it.
//
// What nobody has claimed is one stretch. The first body takes from its front
// as long as no helper has, one part at a time, so that it never holds more
// than it is about to read. Helpers take from its end, so that the two meet
// once, or from its front, for a reader that wants the bytes in order. There
// the first body meets a claimed part as soon as it has read its own.
type Claims struct {
	plan Plan

	mu    sync.Mutex
	first int64 // the first body's parts end here
	free  Range // nobody has claimed these; free.From >= first

	returned []Range // claimed, given back, and not beside free
}

// NewClaims returns the claims of a plan, all of them free.
func NewClaims(p Plan) *Claims {
	return &Claims{plan: p, first: p.all.From, free: p.all}
}

// Forward claims the next part for the first body, where its last one ended.
// It is not ok if a helper has that part, or if there is none: the first body
// is to be closed where it stands. Call it once before the first helper claims,
// and then whenever the first body has read what it has.
func (c *Claims) Forward() (r Range, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first != c.free.From {
		return Range{}, false
	}
	r, ok = c.front()
	c.first = c.free.From
	return r, ok
}

// NextInOrder claims the first free part for a helper. It is not ok if none is
// left.
func (c *Claims) NextInOrder() (r Range, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.front()
}

// NextFromEnd claims the last free part for a helper. It is not ok if none is
// left.
func (c *Claims) NextFromEnd() (r Range, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free.Empty() {
		return Range{}, false
	}
	r = Range{c.plan.before(c.free.To), c.free.To}
	c.free.To = r.From
	return r, true
}

// Free returns what nobody has claimed. It may be out of date at once, but grows only by
// GiveBack.
func (c *Claims) Free() Range {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.free
}

// front takes the first free part. The caller holds the lock.
func (c *Claims) front() (r Range, ok bool) {
	if c.free.Empty() {
		return Range{}, false
	}
	// The end of the stretch is the end of a part, so this does not reach
	// beyond it.
	r = Range{c.free.From, c.plan.after(c.free.From)}
	c.free.From = r.To
	return r, true
}

// GiveBack takes back a range that a helper has claimed, and of which it has fetched
// nothing. What is beside the stretch that nobody has claimed becomes part of it.
func (c *Claims) GiveBack(r Range) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.returned = append(c.returned, r)
	for i := 0; i < len(c.returned); i++ {
		switch r := c.returned[i]; {
		case r.From == c.free.To:
			c.free.To = r.To
		case r.To == c.free.From:
			c.free.From = r.From
		default:
			continue
		}
		c.returned = slices.Delete(c.returned, i, i+1)
		i = -1
	}
}

// Returned takes what has been given back and nobody has claimed again, one stretch after
// the other.
func (c *Claims) Returned() (r Range, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.free.Empty() {
		r, c.free = c.free, Range{c.free.To, c.free.To}
		return r, true
	}
	if len(c.returned) == 0 {
		return Range{}, false
	}
	first := 0
	for i, r := range c.returned {
		if r.From < c.returned[first].From {
			first = i
		}
	}
	r = c.returned[first]
	c.returned = slices.Delete(c.returned, first, first+1)
	return r, true
}
