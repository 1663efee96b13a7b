package direct

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A plan is what calls with the same settings have in common. Whether two have the same is
// decided by equal.
type plan struct {
	o     s3.Options
	added uint64 // which of the known functions its calls add, by bit
	why   string // not to take the direct path, or nothing

	clock bool // signatures follow S3's clock
	key   atomic.Pointer[signingKey]

	mu     sync.RWMutex
	routes map[routeKey]*route
}

// A routeKey is what makes a kind of requests: more of it may change what the SDK sends.
type routeKey struct {
	op        *operation
	bucket    string
	shape     shape
	algorithm string
	size      size
}

// A size is how long a body is, as far as that matters.
type size byte

const (
	empty size = iota
	usual
	large // S3 is asked whether it wants the body
)

func (q *question) size(o *s3.Options) size {
	most := o.ContinueHeaderThresholdBytes
	if most == 0 {
		most = 2 << 20
	}
	switch {
	case q.length == 0:
		return empty
	case most > 0 && q.length >= most:
		return large
	}
	return usual
}

// The bounds of what is kept. Beyond them it is learnt anew.
const (
	maxPlans  = 8
	maxRoutes = 2048
)

// added returns what a call's options have added to the client's APIOptions, or why that is
// not known.
func (c *Client) added(o *s3.Options) (added uint64, why string) {
	n := len(c.base.APIOptions)
	for i, fn := range c.base.APIOptions {
		if i >= len(o.APIOptions) || reflect.ValueOf(o.APIOptions[i]).Pointer() != reflect.ValueOf(fn).Pointer() {
			return 0, "the call's options change Options.APIOptions"
		}
	}
	for _, fn := range o.APIOptions[n:] {
		i := slices.Index(c.adds, reflect.ValueOf(fn).Pointer())
		if i < 0 {
			return 0, "the call's options add to Options.APIOptions"
		}
		added |= 1 << i
	}
	return added, ""
}

// planFor returns the plan of the call.
func (e *exchange) planFor(added uint64) *plan {
	if !e.owns {
		return e.c.planFor(&e.o, added)
	}
	own := &e.c.own[added]
	p := own.Load()
	if p == nil {
		p = e.c.planFor(&e.o, added)
		own.Store(p)
	}
	return p
}

// planFor returns the plan of calls with the options o.
func (c *Client) planFor(o *s3.Options, added uint64) *plan {
	if p := c.latest.Load(); p != nil && p.added == added && equal(&p.o, o) {
		return p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.plans {
		if p.added == added && equal(&p.o, o) {
			if i > 0 {
				c.plans = slices.Concat([]*plan{p}, c.plans[:i], c.plans[i+1:])
			}
			c.latest.Store(p)
			return p
		}
	}
	p := &plan{o: *o, added: added, why: judge(o), clock: correctsClock(o)}
	p.o.HTTPClient, p.o.Retryer = nil, nil // the call's
	if p.why == "" {
		p.why = keys().why
	}
	c.plans = append([]*plan{p}, c.plans[:min(len(c.plans), maxPlans-1)]...)
	c.latest.Store(p)
	return p
}

// route returns the route of a call, or why there is none. It rehearses the first call of each
// kind.
func (p *plan) route(e *exchange) (*route, string) {
	k := routeKey{e.op, e.q.bucket, e.q.shape, e.q.algorithm, e.q.size(&e.o)}
	p.mu.RLock()
	r := p.routes[k]
	p.mu.RUnlock()
	if r != nil {
		return r, r.why
	}
	seen, err := e.rehearse()
	if unknown, ok := errors.AsType[errUnknownMiddleware](err); ok {
		r = &route{why: unknown.what}
	} else if err != nil {
		return nil, "the rehearsal failed" // and so will the SDK
	} else if r = e.learnRoute(p, seen); r == nil {
		return nil, "the credentials changed"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.routes == nil || len(p.routes) >= maxRoutes {
		p.routes = map[routeKey]*route{}
	}
	k.bucket, k.algorithm = strings.Clone(k.bucket), strings.Clone(k.algorithm) // not to keep what they are a part of
	p.routes[k] = r
	return r, r.why
}
