package prefix

import "time"

// A waiter is an attempt that has not started. It is in the queue of one flow until it
// is let go or leaves.
type waiter struct {
	key   string
	since time.Time
	wake  func() // called when t has been set and the attempt may start
	t     ticket

	flow       *flow // nil if it is in no queue
	prev, next *waiter
}

// A queue has the waiters of a flow in the order they came. Whatever is done with one
// of them costs the same, however many there are: a context that ends may take hundreds
// of thousands out at once, each under the lane's lock.
type queue struct {
	first, last *waiter
	n           int
}

// push puts w behind the others, as one of f's.
func (f *flow) push(w *waiter) {
	q := &f.queue
	w.flow, w.prev, w.next = f, q.last, nil
	if q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	q.n++
}

// remove takes w out.
func (f *flow) remove(w *waiter) {
	q := &f.queue
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.flow, w.prev, w.next = nil, nil, nil
	q.n--
}

// hand gives those of f's waiters to another flow that belong to it.
func (f *flow) hand(to *flow, belongs func(*waiter) bool) {
	for w := f.queue.first; w != nil; {
		next := w.next
		if belongs(w) {
			f.remove(w)
			to.push(w)
		}
		w = next
	}
}
