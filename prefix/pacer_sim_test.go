package prefix

import (
	"cmp"
	"container/heap"
	"context"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/s3test"
)

const (
	roundTrip     = 50 * time.Millisecond
	partitionRate = 3500 // writes per second
)

// A sim is clients in front of s3test.Partitions, in virtual time and in one
// goroutine. It runs in a bubble, so that the SDK's own retryers see its time; the
// same seed has the same course.
type sim struct {
	rng    *rand.Rand
	start  time.Time
	now    time.Time
	events events
	parts  *s3test.Partitions
	delays delays
	rate   float64 // writes per second of a partition
	outage [2]time.Duration
	free   map[string]time.Time // see ideal
	trace  []slot               // by second
}

// A slot is what happened in a second.
type slot struct {
	served, refused, failed map[string]int // by class
	clients                 map[int]int    // served
}

type event struct {
	at  time.Time
	seq int // of two at the same time, the first that was scheduled is the first
	do  func()
}

type events struct {
	list []event
	seq  int
}

func (e *events) Len() int { return len(e.list) }
func (e *events) Less(i, j int) bool {
	if c := e.list[i].at.Compare(e.list[j].at); c != 0 {
		return c < 0
	}
	return e.list[i].seq < e.list[j].seq
}
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }
func (e *events) Push(x any)    { e.list = append(e.list, x.(event)) }
func (e *events) Pop() any {
	last := len(e.list) - 1
	x := e.list[last]
	e.list[last] = event{}
	e.list = e.list[:last]
	return x
}

func (s *sim) after(d time.Duration, do func()) {
	s.events.seq++
	heap.Push(&s.events, event{s.now.Add(d), s.events.seq, do})
}

func (s *sim) run(d time.Duration) {
	end := s.start.Add(d)
	for s.events.Len() > 0 && s.events.list[0].at.Before(end) {
		e := heap.Pop(&s.events).(event)
		if e.at.After(s.now) {
			time.Sleep(e.at.Sub(s.now))
			s.now = e.at
		}
		e.do()
	}
}

// down reports whether everything is refused.
func (s *sim) down() bool { return s.outage[0] <= s.at() && s.at() < s.outage[1] }

// at is the time since the beginning.
func (s *sim) at() time.Duration { return s.now.Sub(s.start) }

func (s *sim) slot() *slot {
	for len(s.trace) <= int(s.at()/time.Second) {
		s.trace = append(s.trace, slot{map[string]int{}, map[string]int{}, map[string]int{}, map[int]int{}})
	}
	return &s.trace[len(s.trace)-1]
}

// A policy is one client's way to deal with refusals.
type policy interface {
	// acquire calls start as soon as an attempt may start, with what is to be told
	// how it ended.
	acquire(key string, start func(report func(refused bool)))
	// again says whether an operation goes on after its n-th refusal, and when.
	again(n int) (time.Duration, bool)
}

// delays are how long a request takes to S3 and the answer back.
type delays struct {
	least, most time.Duration // of both together, evenly drawn
	there       float64       // the part of it to S3
}

// near has a fifth of jitter, so that workers do not run in step.
var near = delays{roundTrip * 9 / 10, roundTrip * 11 / 10, 0.5}

func (d delays) mean() time.Duration { return (d.least + d.most) / 2 }

func (d delays) draw(rng *rand.Rand) (there, back time.Duration) {
	all := d.least + time.Duration(rng.Float64()*float64(d.most-d.least))
	there = time.Duration(float64(all) * d.there)
	return there, all - there
}

// A worker sends one request after another, as fast as it is let.
type worker struct {
	*sim
	policy policy
	client int
	class  string
	key    func(*sim) string // "" for nothing to do at the moment
}

func (w *worker) next() {
	if key := w.key(w.sim); key != "" {
		w.attempt(key, 0)
		return
	}
	w.after(time.Duration(w.rng.Int64N(int64(roundTrip))), w.next)
}

func (w *worker) attempt(key string, refusals int) {
	w.policy.acquire(key, func(report func(bool)) {
		there, back := w.delays.draw(w.rng)
		w.after(there, func() {
			if w.policy == (ideal{}) {
				w.after(back+w.queue(key), func() { w.done(key, true, refusals) })
				return
			}
			ok := w.parts.Admit("b", key, true, w.now) && !w.down()
			w.after(back, func() {
				report(!ok)
				w.done(key, ok, refusals)
			})
		})
	})
}

func (w *worker) done(key string, ok bool, refusals int) {
	slot := w.slot()
	if ok {
		slot.served[w.class]++
		slot.clients[w.client]++
		w.next()
		return
	}
	slot.refused[w.class]++
	delay, again := w.policy.again(refusals + 1)
	if again {
		w.after(delay, func() { w.attempt(key, refusals+1) })
		return
	}
	slot.failed[w.class]++
	w.next()
}

// ideal is to have partitions that let requests wait instead of refusing them: the
// most that these workers can be served.
type ideal struct{}

func (ideal) acquire(_ string, start func(func(bool))) { start(nil) }
func (ideal) again(int) (time.Duration, bool)          { panic("an ideal partition has refused") }

// queue returns how long a request for key waits in an ideal partition.
func (s *sim) queue(key string) time.Duration {
	part := ""
	for _, p := range s.parts.Stats("b", s.now).Partitions {
		if p.Start > key {
			break
		}
		part = p.Start
	}
	at := s.free[part]
	if burst := s.now.Add(-100 * time.Millisecond); at.Before(burst) {
		at = burst
	}
	at = at.Add(time.Duration(float64(time.Second) / s.rate))
	s.free[part] = at
	return max(0, at.Sub(s.now))
}

// paced is the Pacer's model, without goroutines.
type paced struct {
	*sim
	tree *tree
}

func newPaced(s *sim, flows int64) *paced {
	b := &budget{}
	b.left.Store(flows)
	p := &paced{s, &tree{random: s.rng.Float64, budget: b, forget: time.Minute}}
	p.tree.pump = func(f *flow, d time.Duration) {
		s.after(d, func() { p.tree.fire(f, s.now) })
	}
	return p
}

func (p *paced) acquire(key string, start func(func(bool))) {
	run := func(t ticket) { start(func(refused bool) { p.tree.report(t, key, refused, p.now) }) }
	if t, ok := p.tree.enter(key, p.now); ok {
		run(t)
		return
	}
	w := &waiter{key: key}
	w.wake = func() { run(w.t) }
	p.tree.wait(w, p.now)
}

func (p *paced) again(n int) (time.Duration, bool) { return throttleDelay(n, p.rng.Float64()), true }

// sdk is an SDK client with its own retryer.
type sdk struct {
	*sim
	retryer aws.RetryerV2
}

func (c sdk) acquire(key string, start func(func(bool))) {
	done, err := c.retryer.GetAttemptToken(context.Background())
	if err != nil {
		// The adaptive retryer would sleep until it has a token. We are one goroutine,
		// so we ask again, at random times: it is not first come, first served either.
		c.after(time.Duration(1+c.rng.IntN(20))*time.Millisecond, func() { c.acquire(key, start) })
		return
	}
	start(func(refused bool) {
		var err error
		if refused {
			err = errSlowDown
		}
		_ = done(err)
	})
}

func (c sdk) again(n int) (time.Duration, bool) {
	if n >= c.retryer.MaxAttempts() {
		return 0, false
	}
	if _, err := c.retryer.GetRetryToken(context.Background(), errSlowDown); err != nil {
		return 0, false
	}
	d, err := c.retryer.RetryDelay(n, errSlowDown)
	return d, err == nil
}

// errSlowDown is what the SDK's retryers are given to see.
var errSlowDown error = &smithyhttp.ResponseError{
	Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusServiceUnavailable}},
	Err:      slowDown{},
}

type slowDown struct{}

func (slowDown) Error() string     { return "SlowDown" }
func (slowDown) ErrorCode() string { return "SlowDown" }

type way string

const (
	wayIdeal    way = "ideal"
	wayStandard way = "SDK standard"
	wayAdaptive way = "SDK adaptive"
	wayGlobal   way = "one limiter"
	wayPacer    way = "Pacer"
)

// A scenario is a load in front of partitions.
type scenario struct {
	name   string
	cuts   []string
	load   []group
	change time.Duration // when cuts become later, 0 for never
	later  []string
	delays delays  // zero for near
	rate   float64 // of a partition, zero for partitionRate
	burst  bool    // hot workers start at once, not over a round trip
	outage [2]time.Duration
	end    time.Duration
	steady [][2]int // the seconds in which it must have converged
}

// A group is the workers of a class. load is what all clients' together ask for if
// they never wait, in units of what a partition serves.
type group struct {
	class string
	load  float64
	key   func(*sim) string
}

// run lets clients loose, each with workers of every group and a policy of its own.
func (sc scenario) run(t *testing.T, w way, clients int, seed uint64) *sim {
	var s *sim
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		s = &sim{
			rng: rand.New(rand.NewPCG(seed, 7)), start: now, now: now, free: map[string]time.Time{},
			delays: cmp.Or(sc.delays, near), rate: cmp.Or(sc.rate, partitionRate), outage: sc.outage,
		}
		s.cut(sc.cuts, seed)
		if sc.change > 0 {
			s.after(sc.change, func() { s.cut(sc.later, seed) })
		}
		for c := range clients {
			p := s.policy(w)
			for _, g := range sc.load {
				// Workers that keep the rate busy over a round trip; a client's share of them.
				n := g.load * s.rate * s.delays.mean().Seconds() / float64(clients)
				for range int(n*float64(c+1)+0.5) - int(n*float64(c)+0.5) {
					w := &worker{s, p, c, g.class, g.key}
					start := time.Duration(s.rng.Int64N(int64(s.delays.mean())))
					if sc.burst && g.class == "hot" {
						start = 0
					}
					s.after(start, w.next)
				}
			}
		}
		s.run(sc.end)
	})
	return s
}

func (s *sim) cut(cuts []string, seed uint64) {
	s.parts = s3test.NewPartitions(func(o *s3test.PartitionOptions) {
		o.Cuts, o.SplitAfter, o.Seed, o.Writes = cuts, -1, seed, s.rate
	})
	s.parts.AdmitN("b", "", true, 1, s.now) // makes the bucket, for Stats
}

func (s *sim) policy(w way) policy {
	switch w {
	case wayStandard:
		return sdk{s, retry.NewStandard()}
	case wayAdaptive:
		return sdk{s, retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.FailOnNoAttemptTokens = true })}
	case wayGlobal:
		return newPaced(s, 1)
	case wayPacer:
		return newPaced(s, 1000)
	}
	return ideal{}
}

// A result is what happened in the steady seconds of a run.
type result struct {
	goodput float64            // requests per second
	class   map[string]float64 // of it
	refused float64            // of all attempts
	failed  float64            // operations per second that were given up
	jain    float64            // fairness between the clients, of 1
}

func (sc scenario) result(s *sim, clients int) result {
	r := result{class: map[string]float64{}}
	attempts, seconds := 0., 0.
	served := make([]float64, clients)
	for _, w := range sc.steady {
		for _, slot := range s.trace[w[0]:w[1]] {
			seconds++
			for class, n := range slot.served {
				r.class[class] += float64(n)
				r.goodput += float64(n)
			}
			for _, n := range slot.refused {
				r.refused += float64(n)
			}
			for _, n := range slot.failed {
				r.failed += float64(n)
			}
			for c, n := range slot.clients {
				served[c] += float64(n)
			}
		}
	}
	attempts = r.goodput + r.refused
	r.refused /= attempts
	r.goodput /= seconds
	r.failed /= seconds
	for class := range r.class {
		r.class[class] /= seconds
	}
	var sum, squares float64
	for _, v := range served {
		sum += v
		squares += v * v
	}
	r.jain = sum * sum / (float64(clients) * squares)
	return r
}
