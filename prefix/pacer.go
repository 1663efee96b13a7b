package prefix

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// PacerOptions configures a [Pacer].
type PacerOptions struct {
	// MaxPrefixes is the number of prefixes, of all buckets together, that can have a
	// rate of their own at a time; a prefix takes a few kilobytes. Keys beyond share
	// the rate of the prefix above, those of a bucket beyond are not paced. Zero means
	// 1,000.
	MaxPrefixes int

	// IdleAfter is how long after the last refusal and the last wait the rate of a
	// prefix is forgotten. Zero means one minute.
	IdleAfter time.Duration

	// MaxThrottles is how often one operation may be refused for its rate before it
	// fails with the refusal. Zero means 100, negative means until its context ends.
	MaxThrottles int
}

// A Pacer keeps the requests of S3 clients to the rates that S3 has shown to serve.
// It is attached to a client as an option, and works on every attempt:
//
//	pacer := prefix.NewPacer()
//	client := s3.NewFromConfig(cfg, pacer.Attach)
//
// As long as nothing is refused it limits nothing and measures nothing. What happens
// then is told in the package's documentation. All methods may be called
// concurrently; clients that talk to the same buckets should share a Pacer.
type Pacer struct {
	opts   PacerOptions
	budget budget

	mu    sync.Mutex
	lanes atomic.Pointer[map[laneKey]*lane] // replaced under mu, never changed
	swept time.Time                         // when all of them were last, under mu
}

// A laneKey is a bucket and whether it is read or written: S3 limits the two apart.
type laneKey struct {
	bucket string
	write  bool
}

// maxLanes bounds what is kept for buckets. Those that have learnt nothing, or have
// nothing left that is not to be forgotten, go when it is reached.
const maxLanes = 1024

// NewPacer returns a Pacer that knows nothing yet. It panics if an option makes no
// sense.
func NewPacer(optFns ...func(*PacerOptions)) *Pacer {
	var o PacerOptions
	for _, fn := range optFns {
		fn(&o)
	}
	if o.MaxPrefixes < 0 {
		panic(fmt.Sprintf("prefix: PacerOptions.MaxPrefixes is %d; it must not be negative", o.MaxPrefixes))
	}
	if o.IdleAfter < 0 {
		panic(fmt.Sprintf("prefix: PacerOptions.IdleAfter is %v; it must not be negative", o.IdleAfter))
	}
	o.MaxPrefixes = cmp.Or(o.MaxPrefixes, 1000)
	o.IdleAfter = cmp.Or(o.IdleAfter, time.Minute)
	o.MaxThrottles = cmp.Or(o.MaxThrottles, defaultMaxThrottles)
	p := &Pacer{opts: o}
	p.budget.left.Store(int64(o.MaxPrefixes))
	p.lanes.Store(&map[laneKey]*lane{})
	return p
}

// Attach makes a client's attempts go through p, and exchanges its retryer for one
// that does not count refusals for the rate, see [NewRetryer]. It is an option for
// [s3.New] and [s3.NewFromConfig], and must come after options that set a retryer.
// RetryMaxAttempts, of the client or of one operation, is the number of attempts that
// fail for other reasons. A client must have one Pacer only. Presigned requests are not
// paced.
//
// Middlewares of the caller's may call the next one again, at the same time too: each
// call is counted and paced by what it asks for. Where one is around the SDK's retry
// loop, each of its calls has all attempts to itself.
func (p *Pacer) Attach(o *s3.Options) {
	base, attempts := o.Retryer, o.RetryMaxAttempts
	// Left in place, the number of attempts would be made to count refusals again.
	o.RetryMaxAttempts = 0
	r := newRetryer(base, attempts, p.opts.MaxThrottles)
	o.Retryer = r
	// The caller's slice may have room behind its end that others share.
	o.APIOptions = append(slices.Clip(o.APIOptions), func(stack *middleware.Stack) error { return p.addTo(stack, r) })
}

// lane returns where the attempts of a bucket's reads or writes go through.
func (p *Pacer) lane(k laneKey) *lane {
	if l := (*p.lanes.Load())[k]; l != nil {
		return l
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old := *p.lanes.Load()
	if l := old[k]; l != nil {
		return l
	}
	next := make(map[laneKey]*lane, len(old)+1)
	now := time.Now()
	for k, l := range old {
		if len(old) < maxLanes || !l.drop(now) {
			next[k] = l
		}
	}
	l := newLane(p)
	next[laneKey{string([]byte(k.bucket)), k.write}] = l // not to keep what the name is a part of
	p.lanes.Store(&next)
	return l
}

// A lane is a tree that is in use: with a lock, a clock and those who wait.
type lane struct {
	pacer  *Pacer
	active atomic.Bool // whether anything has been learnt; false is the way without a lock

	mu      sync.Mutex
	tree    tree
	dropped bool // attempts that are under way may still report; nobody else will
}

// sweep lets a lane forget what it is time to forget. It does so by itself while it
// is asked; others have to see to it when nobody asks.
func (p *Pacer) sweep() {
	now := time.Now()
	p.mu.Lock()
	due := now.Sub(p.swept) >= time.Second
	if due {
		p.swept = now
		p.budget.short.Store(false)
	}
	p.mu.Unlock()
	if !due {
		return
	}
	for _, l := range *p.lanes.Load() {
		if l.active.Load() {
			l.mu.Lock()
			l.sweep(now)
			l.mu.Unlock()
		}
	}
}

func (l *lane) sweep(now time.Time) {
	l.tree.sweep(now)
	l.active.Store(l.tree.root != nil)
}

// drop takes a lane that has learnt nothing out of use.
func (l *lane) drop(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	l.dropped = l.tree.root == nil
	return l.dropped
}

func newLane(p *Pacer) *lane {
	l := &lane{pacer: p, tree: tree{random: rand.Float64, budget: &p.budget, forget: p.opts.IdleAfter}}
	l.tree.pump = func(f *flow, d time.Duration) {
		time.AfterFunc(d, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.tree.fire(f, time.Now())
		})
	}
	return l
}

// wait returns when an attempt for key may start, or with the cause of ctx's end.
func (l *lane) wait(ctx context.Context, key string) (ticket, error) {
	if !l.active.Load() {
		return ticket{}, nil
	}
	l.mu.Lock()
	now := time.Now()
	t, ok := l.tree.enter(key, now)
	if ok {
		l.active.Store(l.tree.root != nil)
		l.mu.Unlock()
		return t, nil
	}
	ready := make(chan struct{})
	w := &waiter{key: key, wake: func() { close(ready) }}
	l.tree.wait(w, now)
	l.mu.Unlock()

	select {
	case <-ready:
		return w.t, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tree.leave(w) {
		return ticket{}, context.Cause(ctx)
	}
	return w.t, nil // its turn came at the same time
}

// report tells how an attempt ended.
func (l *lane) report(t ticket, key string, refused bool) {
	if !refused && !l.active.Load() {
		return
	}
	if l.learn(t, key, refused); !refused || !l.pacer.budget.short.Load() {
		return
	}
	// There may be room in buckets that nobody asks any more.
	l.pacer.sweep()
	if !l.active.Load() {
		l.learn(t, key, refused)
	}
}

func (l *lane) learn(t ticket, key string, refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dropped {
		return // what it learnt could never be forgotten
	}
	l.tree.report(t, key, refused, time.Now())
	l.active.Store(l.tree.root != nil)
}

// snapshot returns the lanes that have learnt something.
func (p *Pacer) snapshot() map[laneKey]*lane {
	all := maps.Clone(*p.lanes.Load())
	maps.DeleteFunc(all, func(_ laneKey, l *lane) bool { return !l.active.Load() })
	return all
}
