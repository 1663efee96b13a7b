package direct

import (
	"cmp"
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

	key atomic.Pointer[signingKey]

	mu     sync.RWMutex
	routes map[routeKey]*route
	shapes map[shapeKey]string // compared with the SDK's requests: how they differ, or nothing
}

type routeKey struct {
	op     *operation
	bucket string
}

type shapeKey struct {
	op *operation
	shape
}

// The bounds of what is kept. Beyond them it is learnt anew.
const (
	maxPlans  = 8
	maxRoutes = 1024
	maxShapes = 256
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
		i := slices.Index(c.known, reflect.ValueOf(fn).Pointer())
		if i < 0 {
			return 0, "the call's options add to Options.APIOptions"
		}
		added |= 1 << i
	}
	return added, ""
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
	p := &plan{o: *o, added: added, why: judge(o)}
	p.o.HTTPClient, p.o.Retryer = nil, nil // the call's
	if p.why == "" {
		p.why = keys().why
	}
	c.plans = append([]*plan{p}, c.plans[:min(len(c.plans), maxPlans-1)]...)
	c.latest.Store(p)
	return p
}

// route returns the route of a call, of an input with that shape, or why there is none. It
// rehearses the first call of each kind.
func (p *plan) route(e *exchange, s shape) (*route, string) {
	rk, sk := routeKey{e.op, e.bucket}, shapeKey{e.op, s}
	p.mu.RLock()
	r := p.routes[rk]
	why, compared := p.shapes[sk]
	p.mu.RUnlock()
	if r != nil && (compared || r.why != "") {
		return r, cmp.Or(r.why, why)
	}
	seen, err := e.c.rehearse(e.ctx, e.op, e.in, e.o)
	if unknown, ok := errors.AsType[errUnknownMiddleware](err); ok {
		r = &route{why: unknown.what}
		p.keep(rk, r, sk, "")
		return r, r.why
	}
	if err != nil {
		return nil, "the rehearsal failed" // and so will the SDK
	}
	now, why, ok := e.learnRoute(p, seen)
	if !ok {
		return nil, "the credentials changed"
	}
	if r != nil && why == "" && !slices.Equal(r.headers, now.headers) {
		why = "the SDK adds a header for some fields of the input"
	}
	if r == nil && why != "" && now.why == "" {
		return now, why // the next may be of another shape
	}
	if r == nil {
		r = now
	}
	p.keep(rk, r, sk, why)
	return r, cmp.Or(r.why, why)
}

func (p *plan) keep(rk routeKey, r *route, sk shapeKey, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.routes == nil || len(p.routes) >= maxRoutes {
		p.routes = map[routeKey]*route{}
	}
	if p.shapes == nil || len(p.shapes) >= maxShapes {
		p.shapes = map[shapeKey]string{}
	}
	rk.bucket = strings.Clone(rk.bucket) // not to keep what the name is a part of
	p.routes[rk] = r
	if r.why == "" {
		p.shapes[sk] = why
	}
}
