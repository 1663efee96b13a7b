package direct

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A route is what the requests of one operation to one bucket have in common, as the
// rehearsal showed it.
type route struct {
	why string // not to take the direct path, or nothing

	scheme, host    string // of the URL
	sentHost        string // of the Host header, if another
	path, rawPath   string // what comes before the key
	headers         []header
	payload         string // the X-Amz-Content-Sha256, if it is the same for all
	hashed          bool   // it is the body's
	region, service string // of the signature

	pacer Pacer // of the client, or nil
}

// An identity is what tells one attempt's request from another's.
type identity struct {
	invocation string // the call's
	attempt    string // the attempt's number, and the most there may be
	at         time.Time
	payload    string // the hash of the body, if the route wants it
}

// newInvocation returns a random UUID, as the SDK has one for each call.
func newInvocation() string {
	var id [16]byte // to be told apart, not to be secret
	binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// firstAttempt returns what the first attempt of most says about itself.
func firstAttempt(ctx context.Context, most int, skew time.Duration) string {
	if most == 3 && skew <= 0 {
		return "attempt=1; max=3"
	}
	s := "attempt=1"
	if most != 0 {
		s += "; max=" + strconv.Itoa(most)
	}
	if end, ok := ctx.Deadline(); ok && skew > 0 {
		s += "; ttl=" + end.Add(skew).Format(timeFormat)
	}
	return s
}

// The headers that differ between two requests of a kind.
const (
	invocationHeader    = "Amz-Sdk-Invocation-Id"
	attemptHeader       = "Amz-Sdk-Request"
	dateHeader          = "X-Amz-Date"
	tokenHeader         = "X-Amz-Security-Token"
	authorizationHeader = "Authorization"
	payloadHeader       = "X-Amz-Content-Sha256"
)

// A parcel is the memory of one request.
type parcel struct {
	url    url.URL
	values [20]string
}

// request returns the request of q, with what w has from the input. It is signed, and has no
// body yet.
func (r *route) request(ctx context.Context, p *plan, op *operation, w *wire, q *question, id identity, c *aws.Credentials) *http.Request {
	w.headers = append(w.headers, r.headers...)
	w.addHeader(invocationHeader, "amz-sdk-invocation-id", id.invocation)
	w.addHeader(attemptHeader, "amz-sdk-request", id.attempt)
	at := signingTime(id.at)
	w.addHeader(dateHeader, "x-amz-date", string(at[:]))
	if c.SessionToken != "" {
		w.addHeader(tokenHeader, "x-amz-security-token", c.SessionToken)
	}
	payload := r.payload
	if r.hashed {
		payload = id.payload
		w.addHeader(payloadHeader, "x-amz-content-sha256", payload)
	}
	w.sort()

	key := q.key
	escaped := escape(key, true)
	b := &parcel{url: url.URL{Scheme: r.scheme, Host: r.host, Path: r.path + key, RawQuery: w.rawQuery()}}
	b.url.RawPath = b.url.Path
	if escaped != key || r.rawPath != r.path {
		b.url.RawPath = r.rawPath + escaped
	}
	host := r.sentHost
	if host == "" {
		host = r.host
	}
	signed := w.authorization(p.signingKey(c, at[:8], r), op.method, host, b.url.RawPath, b.url.RawQuery, payload, at[:], q.length)

	req := http.Request{
		Method: op.method, URL: &b.url, Host: r.sentHost,
		Header: make(http.Header, len(w.headers)+1), ContentLength: q.length,
	}
	values := b.values[:]
	set := func(name, value string) {
		if len(values) == 0 {
			values = make([]string, 8)
		}
		values[0] = value
		req.Header[name] = values[:1:1]
		values = values[1:]
	}
	for i := range w.headers {
		set(w.headers[i].name, w.headers[i].value)
	}
	set(authorizationHeader, signed)
	return req.WithContext(ctx)
}

// signingKey returns the key for c on that day. One is kept, and most requests have it.
func (p *plan) signingKey(c *aws.Credentials, day []byte, r *route) *signingKey {
	k := p.key.Load()
	if !k.fits(c, day, r.region, r.service) {
		k = newSigningKey(c, day, r.region, r.service)
		p.key.Store(k)
	}
	return k
}

// sendable reports whether a header's value may be sent (RFC 9110, section 5.5): nothing in
// it ends the line.
func sendable(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
