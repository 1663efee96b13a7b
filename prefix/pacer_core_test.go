package prefix

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/s3pool/s3pool/internal/require"
)

// A bench is a tree with a clock and timers.
type bench struct {
	*tree
	now    time.Time
	timers []timer
	woken  []string
}

type timer struct {
	at time.Time
	f  *flow
}

func newBench(flows int64) *bench {
	rng := rand.New(rand.NewPCG(1, 2))
	b := &bench{now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	budget := &budget{}
	budget.left.Store(flows)
	b.tree = &tree{random: rng.Float64, budget: budget, forget: time.Minute}
	b.pump = func(f *flow, d time.Duration) { b.timers = append(b.timers, timer{b.now.Add(d), f}) }
	return b
}

// enter starts or queues an attempt for key.
func (b *bench) enter(key string) *waiter {
	w := &waiter{key: key, wake: func() { b.woken = append(b.woken, key) }}
	var ok bool
	if w.t, ok = b.tree.enter(key, b.now); ok {
		w.wake()
	} else {
		b.wait(w, b.now)
	}
	return w
}

// pass lets time go by.
func (b *bench) pass(d time.Duration) {
	end := b.now.Add(d)
	for {
		i := -1
		for j, t := range b.timers {
			if !t.at.After(end) && (i < 0 || t.at.Before(b.timers[i].at)) {
				i = j
			}
		}
		if i < 0 {
			break
		}
		t := b.timers[i]
		b.timers = slices.Delete(b.timers, i, i+1)
		b.now = t.at
		b.fire(t.f, b.now)
	}
	b.now = end
}

// outcome runs an attempt for each key at once, and reports whether it is refused.
func (b *bench) outcome(refused func(key string) bool, keys ...string) {
	for _, key := range keys {
		w := b.enter(key)
		b.report(w.t, key, refused(key), b.now)
	}
}

func has(prefix string) func(string) bool {
	return func(key string) bool { return strings.HasPrefix(key, prefix) }
}

// prefixes returns those of all flows.
func (b *bench) prefixes() []string {
	var list []string
	var walk func(*node)
	walk = func(n *node) {
		list = append(list, n.flow.prefix)
		for _, c := range n.children {
			walk(c)
		}
	}
	if b.root != nil {
		walk(b.root)
	}
	return list
}

// Those who wait are let go in the order they came, at the rate, by prefix.
func TestTreeFIFO(t *testing.T) {
	b := newBench(10)
	b.root = &node{flow: newFlow("", b.now)}
	b.root.flow.setRate(10, 0, b.now)
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprintf("%02d", i))
		b.enter(keys[i])
	}
	require.Empty(t, b.woken)
	b.pass(550 * time.Millisecond)
	require.Equal(t, keys[:5], b.woken)

	// One gives up; a part of the keys gets a rate of its own.
	c := newFlow("1", b.now)
	c.setRate(100, 0, b.now)
	b.adopt(b.root, c, b.now)
	gone := b.root.flow.queue.first.next
	require.True(t, b.leave(gone))
	require.False(t, b.leave(gone))
	b.woken = nil
	b.pass(time.Second)
	require.Equal(t, keys[10:], slices.DeleteFunc(slices.Clone(b.woken), func(k string) bool { return k < "10" }))
	require.Equal(t, []string{"05", "07", "08", "09"}, slices.DeleteFunc(slices.Clone(b.woken), has("1")))
	require.Equal(t, queue{}, b.root.flow.queue)
}

// One burst of refusals is one decrease, however many there are.
func TestFlowBurst(t *testing.T) {
	b := newBench(10)
	b.root = &node{flow: newFlow("", b.now)}
	f := b.root.flow
	f.setRate(1000, 0, b.now)
	var in []*waiter
	for range 100 {
		b.pass(time.Millisecond)
		in = append(in, b.enter("k"))
	}
	for _, w := range in[:50] {
		b.report(w.t, "k", true, b.now)
	}
	require.InDelta(t, 1000*(1-step/31.6), f.rate, 1000*step/31.6*0.3, "the first refusal")
	once := f.rate
	b.pass(settle)
	b.report(in[50].t, "k", true, b.now)
	require.InDelta(t, 0.05*once, f.rate, 1, "what was served: of those after the first, all that are known were refused")
	settled := f.rate
	for _, w := range in[51:] { // they had started before
		b.report(w.t, "k", true, b.now)
		b.pass(settle)
	}
	require.Equal(t, settled, f.rate)
}

// A rate that nobody waits for does not grow.
func TestFlowGrowth(t *testing.T) {
	now := time.Now()
	f := newFlow("", now)
	f.setRate(100, 0, now)
	for range 1000 {
		now = now.Add(10 * time.Millisecond)
		f.accept(f.start(now), now)
	}
	require.Equal(t, 100., f.rate)
	for range 500 {
		now = now.Add(10 * time.Millisecond)
		f.pushed = true
		f.accept(f.start(now), now)
	}
	require.Greater(t, f.rate, 100*1.25)
	require.Less(t, f.rate, 100*1.5)
}

// Refusals that lie on a prefix give it a rate of its own; the rest has no limit.
func TestTreeSplit(t *testing.T) {
	b := newBench(10)
	for range 300 {
		b.outcome(has("logs/hot/"), "logs/hot/1", "logs/hot/2", "logs/cold/1")
		b.outcome(has("no"), "logs/hot/3")
		b.pass(time.Millisecond)
	}
	require.Equal(t, []string{"", "logs/h"}, b.prefixes())
	require.False(t, b.root.flow.limited())
	require.True(t, b.root.children[0].flow.limited())

	// Idle, they are forgotten, and what they took of the budget is given back.
	b.pass(2 * time.Minute)
	b.enter("k")
	require.Nil(t, b.root)
	require.EqualValues(t, 10, b.budget.left.Load())
}

// Refusals all over the keys are met by one rate.
func TestTreeUniform(t *testing.T) {
	b := newBench(100)
	rng := rand.New(rand.NewPCG(1, 3))
	for range 3000 {
		b.outcome(func(string) bool { return rng.IntN(2) == 0 }, fmt.Sprintf("%x", rng.Uint32()))
		b.pass(time.Millisecond)
	}
	require.Equal(t, []string{""}, b.prefixes())
	require.True(t, b.root.flow.limited())
}

// A rate is that of the folder that all keys were in: other keys are not slowed.
func TestTreeFolder(t *testing.T) {
	b := newBench(10)
	for i := range 300 {
		b.outcome(has("logs/"), fmt.Sprintf("logs/20261122/%03d", i))
		b.pass(time.Millisecond)
	}
	require.Contains(t, b.prefixes(), "logs/20261122/")
	require.False(t, b.find("logs/20261123/x").flow.limited())
}

// Names that have not been there are not slowed by those that have, numbers go on.
func TestTreeNovel(t *testing.T) {
	b := newBench(10)
	for i := range 3000 {
		b.outcome(func(string) bool { return i%2 == 0 }, fmt.Sprintf("data/hot-%04d", i%100))
		b.pass(time.Millisecond)
	}
	before := b.prefixes()
	b.pass(time.Second)
	hot := b.find("data/hot-0001")
	require.True(t, hot.flow.limited())
	hot.flow.settle(b.now)
	b.enter("data/hot-2")
	require.Equal(t, before, b.prefixes())
	b.enter("data/cold-1")
	require.Equal(t, append(before, "data/c"), b.prefixes())
	require.NotSame(t, hot, b.find("data/cold-2"))
	require.InDelta(t, hot.flow.rate, b.find("data/cold-2").flow.rate, 1)
}

// Whatever happens, every waiter is let go or leaves, flows keep to their budget, and
// each is below the flow whose prefix it has.
func TestTreeRandom(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		b := newBench(8)
		var in, waiting []*waiter
		for range 5000 {
			switch rng.IntN(8) {
			default:
				key := []string{"a", "b/", "b/c", "b/d/", "b/d/e", ""}[rng.IntN(6)] + fmt.Sprint(rng.IntN(3))
				w := &waiter{key: key}
				w.wake = func() {
					in = append(in, w)
					if i := slices.Index(waiting, w); i >= 0 {
						waiting = slices.Delete(waiting, i, i+1)
					}
				}
				var ok bool
				if w.t, ok = b.tree.enter(key, b.now); ok {
					w.wake()
				} else {
					b.wait(w, b.now)
					waiting = append(waiting, w)
				}
			case 0, 1, 2, 3:
				for range min(len(in), rng.IntN(20)) {
					i := rng.IntN(len(in))
					w := in[i]
					in = slices.Delete(in, i, i+1)
					b.report(w.t, w.key, strings.HasPrefix(w.key, "b/d") && rng.IntN(3) > 0 || rng.IntN(50) == 0, b.now)
				}
			case 4:
				if len(waiting) > 0 {
					i := rng.IntN(len(waiting))
					require.True(t, b.leave(waiting[i]))
					waiting = slices.Delete(waiting, i, i+1)
				}
			case 5:
				b.pass(time.Duration(rng.IntN(100)) * time.Millisecond)
			}
			flows, queued := 0, 0
			var walk func(*node)
			walk = func(n *node) {
				flows++
				queued += n.flow.queue.n
				require.True(t, n.flow.queue.n == 0 || n.flow.pumped && n.flow.limited())
				for i, c := range n.children {
					require.True(t, strings.HasPrefix(c.flow.prefix, n.flow.prefix) && c.flow.prefix != n.flow.prefix)
					require.True(t, i == 0 || !strings.HasPrefix(c.flow.prefix, n.children[i-1].flow.prefix) && c.flow.prefix > n.children[i-1].flow.prefix)
					walk(c)
				}
			}
			if b.root != nil {
				walk(b.root)
			}
			require.EqualValues(t, 8-flows, b.budget.left.Load())
			require.Equal(t, len(waiting), queued)
		}
		b.pass(time.Hour)
		require.Empty(t, waiting, "seed %d", seed)
		b.enter("x")
		require.Nil(t, b.root)
		require.EqualValues(t, 8, b.budget.left.Load())
	}
}

func TestScatter(t *testing.T) {
	var s scatter
	for i := range 100 {
		s.count(fmt.Sprintf("logs/2026/%c", 'a'+i%4), i%4 == 2)
	}
	require.Equal(t, "logs/2026/", s.stem)
	prefix, branch, rest, g := s.odd()
	require.Equal(t, "logs/2026/c", prefix)
	require.InDelta(t, 25, branch.sent, 2) // but for the first strays
	require.Equal(t, branch.sent, branch.refused)
	require.InDelta(t, 75, rest.sent, 3)
	require.Zero(t, rest.refused)
	require.Greater(t, g, float64(evidence))

	// A stray key does not shorten the stem, many do.
	before := s.total()
	s.count("x", false)
	require.Equal(t, "logs/2026/", s.stem)
	for range 20 {
		s.count("logs/2025/", false)
	}
	require.Equal(t, "logs/202", s.stem)
	require.Equal(t, before, s.branches['6'].tally)

	// Nearly all on one branch: there is more to see below it.
	for range 5000 {
		s.count("logs/2026/a", false)
	}
	s.fade()
	s.count("logs/2026/a", false)
	require.Equal(t, "logs/2026/a", s.stem)
}

// Buckets that have refused nothing do not pile up, those that have stay.
func TestLanesBounded(t *testing.T) {
	p := NewPacer()
	busy, first := laneKey{"busy", true}, p.lane(laneKey{"0", false})
	p.lane(busy).report(ticket{}, "k", true)
	for i := range 2*maxLanes + 5 {
		p.lane(laneKey{fmt.Sprint(i), false})
		require.LessOrEqual(t, len(*p.lanes.Load()), maxLanes)
	}
	require.Len(t, p.Stats(), 1)
	require.True(t, p.lane(busy).active.Load())
	first.report(ticket{}, "k", true) // an answer that comes late
	require.False(t, first.active.Load())
	require.EqualValues(t, 999, p.budget.left.Load())
}

func BenchmarkTree(b *testing.B) {
	tr := newBench(10)
	for range 300 {
		tr.outcome(has("hot/"), "hot/1", "hot/2", "cold/1")
		tr.pass(time.Millisecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		tr.now = tr.now.Add(time.Microsecond)
		t, _ := tr.tree.enter("cold/1", tr.now)
		tr.report(t, "cold/1", false, tr.now)
	}
}

// BenchmarkLane is what a Pacer adds to a request, without the SDK around it.
func BenchmarkLane(b *testing.B) {
	for _, learnt := range []bool{false, true} {
		b.Run(fmt.Sprintf("learnt=%t", learnt), func(b *testing.B) {
			p := NewPacer()
			k := laneKey{"bucket", true}
			if learnt {
				p.lane(k).report(ticket{}, "hot/x", true)
			}
			b.ReportAllocs()
			b.SetParallelism(32) // 64 goroutines on 2 cores
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					l := p.lane(k)
					t, err := l.wait(b.Context(), "cold/x")
					if err != nil {
						b.Error(err)
					}
					l.report(t, "cold/x", false)
				}
			})
		})
	}
}
