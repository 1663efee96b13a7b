package direct

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// A rehearsal is a call of the SDK's that looks and sends nothing.
type rehearsal struct {
	sent  *http.Request
	pacer Pacer // the caller's stack has one
}

// errUnknownMiddleware ends a rehearsal before anything of it has run.
type errUnknownMiddleware struct{ what string }

func (e errUnknownMiddleware) Error() string { return e.what }

// rehearse has the SDK make the call.
func (e *exchange) rehearse() (*rehearsal, error) {
	r := new(rehearsal)
	var before []step
	look := func(o *s3.Options) {
		*o = e.o
		o.HTTPClient = r
		o.APIOptions = slices.Concat(
			[]func(*middleware.Stack) error{func(s *middleware.Stack) error { before = stepsOf(s); return nil }},
			e.o.APIOptions,
			[]func(*middleware.Stack) error{func(s *middleware.Stack) error { return r.inspect(s, before) }})
	}
	err := e.c.call(e.ctx, e.in, &zeros{n: e.q.length}, look)
	if err == nil && r.sent == nil {
		err = errors.New("the SDK made no request")
	}
	return r, err
}

// call makes a call whose output nobody wants, with another body.
func (c *Client) call(ctx context.Context, in any, body io.ReadSeeker, options func(*s3.Options)) (err error) {
	switch in := in.(type) {
	case *s3.GetObjectInput:
		_, err = c.api.GetObject(ctx, in, options)
	case *s3.HeadObjectInput:
		_, err = c.api.HeadObject(ctx, in, options)
	case *s3.PutObjectInput:
		other := *in
		other.Body = body
		_, err = c.api.PutObject(ctx, &other, options)
	case *s3.UploadPartInput:
		other := *in
		other.Body = body
		_, err = c.api.UploadPart(ctx, &other, options)
	default:
		err = fmt.Errorf("%T", in)
	}
	return err
}

// Do implements s3.HTTPClient. Its answer has no Date, from which the SDK would learn.
func (r *rehearsal) Do(req *http.Request) (*http.Response, error) {
	r.sent = req
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: req,
	}, nil
}

// A step is a middleware in its place.
type step struct {
	phase int
	id    string
	m     any
}

// finalize is the phase of the middlewares that are called for each attempt.
const finalize = 3

// stepsOf returns the middlewares of a stack, in order.
func stepsOf(s *middleware.Stack) (steps []step) {
	add := func(phase int, ids []string, get func(string) any) {
		for _, id := range ids {
			steps = append(steps, step{phase, id, get(id)})
		}
	}
	add(0, s.Initialize.List(), func(id string) any { m, _ := s.Initialize.Get(id); return m })
	add(1, s.Serialize.List(), func(id string) any { m, _ := s.Serialize.Get(id); return m })
	add(2, s.Build.List(), func(id string) any { m, _ := s.Build.Get(id); return m })
	add(finalize, s.Finalize.List(), func(id string) any { m, _ := s.Finalize.Get(id); return m })
	add(4, s.Deserialize.List(), func(id string) any { m, _ := s.Deserialize.Get(id); return m })
	return steps
}

// A Middleware is one whose work is done on the direct path too. OnDirectPath says which of
// the SDK's own middlewares it has taken the place of, and whether it takes part in rehearsals.
type Middleware interface {
	OnDirectPath() (instead []string, rehearses bool)
}

// inspect makes sure that every middleware is the SDK's own, or one that we know. What is the
// Pacer's in the attempts does not take part in the rehearsal.
func (r *rehearsal) inspect(s *middleware.Stack, before []step) error {
	var gone []string
	left := make([]step, 0, len(before))
	for _, m := range stepsOf(s) {
		known, ok := m.m.(Middleware)
		if !ok {
			left = append(left, m)
			continue
		}
		instead, rehearses := known.OnDirectPath()
		gone = append(gone, instead...)
		if p, ok := m.m.(Pacer); ok {
			r.pacer = p
		}
		if m.phase == finalize && !rehearses {
			if _, err := s.Finalize.Remove(m.id); err != nil {
				return err
			}
		}
	}
	before = slices.DeleteFunc(before, func(m step) bool { return slices.Contains(gone, m.id) })
	left = slices.DeleteFunc(left, func(m step) bool { return slices.Contains(gone, m.id) })
	for i, m := range left {
		if i >= len(before) || m.phase != before[i].phase || m.id != before[i].id || !sameMiddleware(m.m, before[i].m) {
			return errUnknownMiddleware{"Options.APIOptions add or change the middleware " + m.id}
		}
	}
	if len(left) < len(before) {
		return errUnknownMiddleware{"Options.APIOptions remove the middleware " + before[len(left)].id}
	}
	return nil
}

func sameMiddleware(a, b any) bool {
	v := reflect.ValueOf(a)
	return reflect.TypeOf(a) == reflect.TypeOf(b) && (!v.Comparable() || a == b)
}

// learnRoute returns the route of a request that was rehearsed. It is nil if ours could not be
// compared with it.
func (e *exchange) learnRoute(p *plan, seen *rehearsal) *route {
	w := newWire()
	defer w.free()
	q, why := e.op.ask(w, e.in)
	if why != "" {
		return &route{why: why}
	}
	r, id, err := routeOf(w, e.op, q.key, seen.sent)
	if err != nil {
		return &route{why: err.Error()}
	}
	r.pacer = seen.pacer
	c, err := e.o.Credentials.Retrieve(e.ctx)
	if err != nil || c.SessionToken != seen.sent.Header.Get(tokenHeader) ||
		!strings.Contains(seen.sent.Header.Get(authorizationHeader), "Credential="+c.AccessKeyID+"/") {
		return nil
	}
	if at := compare(r.request(e.ctx, p, e.op, w, &q, id, &c), seen.sent); at != "" {
		r.why = "the SDK writes it in another way: " + at
	}
	return r
}

// routeOf takes from a request of the SDK's what is the same for all requests of its kind.
func routeOf(w *wire, op *operation, key string, sent *http.Request) (*route, identity, error) {
	var id identity
	r := &route{scheme: sent.URL.Scheme, host: sent.URL.Host, sentHost: sent.Host, payload: sent.Header.Get(payloadHeader)}
	auth, ok := strings.CutPrefix(sent.Header.Get(authorizationHeader), algorithm+" Credential=")
	if !ok {
		return nil, id, errors.New("the SDK does not sign with version 4")
	}
	credential, names, ok := strings.Cut(auth, ", SignedHeaders=")
	scope := strings.Split(credential, "/")
	if !ok || len(scope) < 5 {
		return nil, id, errors.New("the SDK signs in another way")
	}
	names, _, _ = strings.Cut(names, ",")
	signed := strings.Split(names, ";")
	r.region, r.service = scope[len(scope)-3], scope[len(scope)-2]

	raw := sent.URL.RawPath
	if raw == "" {
		raw = sent.URL.Path
	}
	var okPath, okRaw bool
	r.path, okPath = strings.CutSuffix(sent.URL.Path, key)
	r.rawPath, okRaw = strings.CutSuffix(raw, escape(key, true))
	if !okPath || !okRaw {
		return nil, id, errors.New("the SDK's URL does not end in the key")
	}

	var err error
	id.invocation, id.attempt = sent.Header.Get(invocationHeader), sent.Header.Get(attemptHeader)
	if id.at, err = time.Parse(timeFormat, sent.Header.Get(dateHeader)); err != nil {
		return nil, id, fmt.Errorf("the SDK's request tells no time: %w", err)
	}
	for name, values := range sent.Header {
		switch name {
		case invocationHeader, attemptHeader, dateHeader, tokenHeader, authorizationHeader:
			continue
		}
		if slices.ContainsFunc(w.headers, func(h header) bool { return h.name == name }) {
			continue // the input's
		}
		if len(values) != 1 || !slices.Contains(constants, name) {
			return nil, id, fmt.Errorf("the SDK adds the header %s", name)
		}
		if name == payloadHeader && op.body && len(values[0]) == hex.EncodedLen(sha256.Size) {
			r.hashed, id.payload = true, values[0]
			continue
		}
		h := header{name: name, lower: strings.ToLower(name), value: strings.Clone(values[0])}
		h.unsigned = !slices.Contains(signed, h.lower)
		r.headers = append(r.headers, h)
	}
	slices.SortFunc(r.headers, func(a, b header) int { return strings.Compare(a.lower, b.lower) })
	return r, id, nil
}

// constants are the headers that the SDK adds, with the same value to all requests of a kind.
var constants = []string{
	"Accept-Encoding", "Content-Type", "Expect", "User-Agent", "X-Amz-Checksum-Mode", payloadHeader,
}

// compare returns where two requests differ, or nothing. Header values stay out of it.
func compare(ours, sdks *http.Request) string {
	switch {
	case ours.Method != sdks.Method:
		return "method"
	case *ours.URL != *sdks.URL:
		return "URL"
	case ours.Host != sdks.Host:
		return "host"
	case ours.ContentLength != sdks.ContentLength:
		return "length"
	case len(ours.Header) != len(sdks.Header):
		return "number of headers"
	}
	for name, values := range sdks.Header {
		if !slices.Equal(values, ours.Header[name]) {
			return name
		}
	}
	return ""
}

var _ aws.HTTPClient = (*rehearsal)(nil)
