package prefix

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A tree has the flows of one bucket's reads, or of its writes: one for all keys
// and, where refusals lie on some of them only, one for each of those prefixes. A
// key belongs to the longest prefix it has. Like the flows it is a pure model; the
// caller holds its lock.
type tree struct {
	random random
	budget *budget
	forget time.Duration              // how long until an idle flow is forgotten
	pump   func(*flow, time.Duration) // calls fire after the duration
	root   *node                      // nil while nothing has been refused
	swept  time.Time
	faded  time.Time
}

// A node is a flow and the flows that have been taken out of it.
type node struct {
	flow     *flow
	children []*node // by prefix; none is a prefix of another
}

// A ticket is an attempt that has started. The zero ticket is one that started
// before anything was known of its bucket.
type ticket struct {
	flow *flow
	n    uint64    // its number, from 1
	at   time.Time // when it started
	rate float64   // that the flow had then
}

// find returns the node whose flow a key belongs to.
func (t *tree) find(key string) *node {
	n := t.root
	for {
		i, ok := n.search(key)
		if !ok {
			return n
		}
		n = n.children[i]
	}
}

// search returns the child that key belongs to.
func (n *node) search(key string) (int, bool) {
	i, found := slices.BinarySearchFunc(n.children, key, func(c *node, key string) int {
		return cmp.Compare(c.flow.prefix, key)
	})
	if found {
		return i, true
	}
	if i > 0 && strings.HasPrefix(key, n.children[i-1].flow.prefix) {
		return i - 1, true
	}
	return i, false
}

// enter starts an attempt, or reports that it has to wait.
func (t *tree) enter(key string, now time.Time) (ticket, bool) {
	t.sweep(now)
	if t.root == nil {
		return ticket{}, true
	}
	f := t.flow(key, now)
	if f.queue.n == 0 {
		ok, d := f.take(now)
		if ok {
			return f.start(now), true
		}
		t.schedule(f, d)
	}
	return ticket{}, false
}

// flow returns the flow of an attempt for key. Keys of a kind that has not been there
// while the flow was limited get a flow of their own: they need not be slow, and behind
// the others in the queue they could not show it. It begins with the same rate, so that
// keys that take the place of others, as those of another day, are as fast at once.
func (t *tree) flow(key string, now time.Time) *flow {
	n := t.find(key)
	f := n.flow
	if !f.limited() || f.congested {
		return f
	}
	prefix, ok := f.scatter.novel(key)
	if !ok || !t.budget.take() {
		return f
	}
	c := newFlow(prefix, now)
	c.lag = f.lag
	c.setRate(f.rate, t.random(), now)
	t.adopt(n, c, now)
	return c
}

// wait makes an attempt wait that may not enter.
func (t *tree) wait(w *waiter, now time.Time) {
	f := t.find(w.key).flow
	w.since = now
	f.idleSince = now
	f.pushed = true
	f.waited++
	f.push(w)
}

// leave takes a waiter out of its queue. It reports false if the attempt has been
// let go in the meantime.
func (t *tree) leave(w *waiter) bool {
	if w.flow == nil {
		return false
	}
	w.flow.remove(w)
	return true
}

// schedule has the queue drained after d.
func (t *tree) schedule(f *flow, d time.Duration) {
	if !f.pumped {
		f.pumped = true
		t.pump(f, d)
	}
}

// fire is what has been scheduled.
func (t *tree) fire(f *flow, now time.Time) {
	f.pumped = false
	if t.root != nil && f.due(now) {
		if n := t.find(f.prefix); n.flow == f {
			t.settle(n, now)
		}
	}
	t.drain(f, now)
}

// drain lets go who may, in order, and schedules the others.
func (t *tree) drain(f *flow, now time.Time) {
	n := 0
	for w := f.queue.first; w != nil; w = f.queue.first {
		ok, d := f.take(now)
		if !ok {
			t.schedule(f, d)
			break
		}
		n++
		f.remove(w)
		w.t = f.start(now)
		f.waitTime += now.Sub(w.since)
		w.wake()
	}
	if n > 0 {
		f.pushed, f.idleSince = true, now
	}
}

// report takes note of how an attempt ended.
func (t *tree) report(tk ticket, key string, refused bool, now time.Time) {
	if t.root == nil {
		if !refused {
			return
		}
		if !t.budget.take() {
			return
		}
		t.root = &node{flow: newFlow("", now)}
		t.root.flow.fresh = true
		t.swept, t.faded = now, now
		tk = ticket{}
	}
	n := t.find(key)
	f := n.flow
	if tk.flow != nil && tk.flow != f {
		return // its flow has been split or merged since it started: late news
	}
	if refused {
		f.refuse(tk, now, t.random)
	} else {
		f.accept(tk, now)
	}
	f.scatter.count(key, refused)
	switch {
	case f.due(now):
		t.settle(n, now)
	case f.congested && !f.limited() && f.last > f.base:
		t.schedule(f, firstSettle/2) // there may be no other answer for as long as one takes
	}
}

// settle ends a congestion: the prefixes that it comes from get flows of their own,
// or else the flow of all keys becomes slower.
func (t *tree) settle(n *node, now time.Time) {
	f := n.flow
	if f.fresh && !f.limited() && f.refused == 0 {
		f.settle(now) // nothing but the burst with which it began
		return
	}
	for split := false; ; split = true {
		prefix, branch, rest, g := f.scatter.odd()
		if g >= evidence && t.budget.take() {
			t.split(n, prefix, branch, rest, now)
			continue // what is left may come from more than one prefix
		}
		if !split {
			f.decrease(now, t.random)
		}
		t.restrict(n, now)
		return
	}
}

// restrict moves a flow that has become limited to the folder that all its keys have
// been in. What else may come is not known to be slow.
func (t *tree) restrict(n *node, now time.Time) {
	f := n.flow
	folder, ok := f.scatter.folder()
	if !ok || !f.limited() || len(folder) <= len(f.prefix) || !t.budget.take() {
		return
	}
	n.flow = newFlow(f.prefix, now)
	f.prefix = folder
	f.hand(n.flow, func(w *waiter) bool { return !strings.HasPrefix(w.key, folder) })
	t.adopt(n, f, now)
}

// calmQuiet is how long a side that was not refused counts as having been quiet: its
// rate rises by half in a second.
const calmQuiet = 12 * time.Second

// split gives a prefix of n its own flow. Both sides go on with what they were
// served, a side that was not refused without a limit, or if it had one already,
// with one that grows quickly: it may have been the other side's waiters that kept
// it from showing what it can do.
func (t *tree) split(n *node, prefix string, branch, rest tally, now time.Time) {
	f, c := n.flow, newFlow(prefix, now)
	c.lag = f.lag
	served := branch.sent - branch.refused + rest.sent - rest.refused
	sent := f.sending()
	was := f.rate
	if f.surveying {
		was /= more
	}
	for _, side := range []struct {
		flow *flow
		tally
	}{{c, branch}, {f, rest}} {
		ok := side.sent - side.refused
		r := was * ok / max(served, 1)
		if was == unlimited {
			r = sent * ok / (branch.sent + rest.sent)
			r *= 1 - t.random.step(r)
		}
		calm := side.refused < least/2
		if was == unlimited && calm {
			side.flow.release(now)
			continue
		}
		side.flow.setRate(r, t.random(), now)
		side.flow.settle(now)
		if calm {
			side.flow.quiet = calmQuiet
		}
	}
	delete(f.scatter.branches, prefix[len(prefix)-1])
	t.adopt(n, c, now)
}

// adopt makes c a flow below n, with n's flows and waiters that belong to it.
func (t *tree) adopt(n *node, c *flow, now time.Time) {
	child := &node{flow: c}
	i, _ := n.search(c.prefix)
	j := i
	for j < len(n.children) && strings.HasPrefix(n.children[j].flow.prefix, c.prefix) {
		j++
	}
	child.children = slices.Clone(n.children[i:j])
	n.children = slices.Replace(n.children, i, j, child)

	f := n.flow
	f.hand(c, func(w *waiter) bool { return strings.HasPrefix(w.key, c.prefix) })
	t.drain(c, now)
	t.drain(f, now)
}

// sweep forgets, once a second, flows that have had nothing to do: their keys belong
// to the prefix above again. A bucket all of whose flows are forgotten is as good as
// new.
func (t *tree) sweep(now time.Time) {
	if t.root == nil || now.Sub(t.swept) < time.Second {
		return
	}
	t.swept = now
	fade := now.Sub(t.faded) >= fadeEvery
	if fade {
		t.faded = now
	}
	t.root.sweep(t, fade, now)
	switch {
	case !t.root.flow.idle(t.forget, now):
	case len(t.root.children) > 0:
		t.root.flow.release(now)
	default:
		t.root = nil
		t.budget.put()
	}
}

// fadeEvery is how often the counts over a flow's keys are halved: long enough to
// add up the few refusals there are in equilibrium, short enough to see a change.
const fadeEvery = 30 * time.Second

func (n *node) sweep(t *tree, fade bool, now time.Time) {
	if fade {
		n.flow.scatter.fade()
	}
	var kept []*node
	for _, c := range n.children {
		c.sweep(t, fade, now)
		if c.flow.idle(t.forget, now) {
			kept = append(kept, c.children...)
			t.budget.put()
			continue
		}
		kept = append(kept, c)
	}
	n.children = kept
}

// idle reports whether nothing has been refused and nobody has waited for d.
func (f *flow) idle(d time.Duration, now time.Time) bool {
	return f.queue.n == 0 && now.Sub(f.idleSince) >= d
}
