package mem

import (
	"cmp"
	"slices"
)

// A queue holds those who wait for the budget: in the order of asking, and by size. The
// sizes are few, those of the classes, so that its cost does not grow with its length.
type queue struct {
	sizes []*line // ascending, none of them empty
	asked uint64  // waiters so far
	n     int
}

// A line is the waiters for one size, the first first.
type line struct {
	size        int64
	first, last *waiter
}

// A waiter waits for size bytes.
type waiter struct {
	size    int64
	turn    uint64        // smaller for those who asked earlier
	paid    charge        // set before granted is closed
	granted chan struct{} // closed under budget.mu

	before, behind *waiter // in its line
}

// find returns the place of the line for size, and whether there is one.
func (q *queue) find(size int64) (int, bool) {
	return slices.BinarySearchFunc(q.sizes, size, func(l *line, size int64) int { return cmp.Compare(l.size, size) })
}

// push puts w behind all others.
func (q *queue) push(w *waiter) {
	q.n++
	q.asked++
	w.turn = q.asked
	i, ok := q.find(w.size)
	if !ok {
		q.sizes = slices.Insert(q.sizes, i, &line{size: w.size, first: w, last: w})
		return
	}
	l := q.sizes[i]
	l.last.behind, w.before, l.last = w, l.last, w
}

// remove takes w out.
func (q *queue) remove(w *waiter) {
	q.n--
	i, _ := q.find(w.size)
	l := q.sizes[i]
	if w.before == nil {
		l.first = w.behind
	} else {
		w.before.behind = w.behind
	}
	if w.behind == nil {
		l.last = w.before
	} else {
		w.behind.before = w.before
	}
	w.before, w.behind = nil, nil
	if l.first == nil {
		q.sizes = slices.Delete(q.sizes, i, i+1)
	}
}

// first returns who asked first among those who wait for limit bytes or less, or nil.
func (q *queue) first(limit int64) *waiter {
	var w *waiter
	for _, l := range q.sizes {
		if l.size > limit {
			break
		}
		if w == nil || l.first.turn < w.turn {
			w = l.first
		}
	}
	return w
}
