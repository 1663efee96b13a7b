package s3test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ProxyOptions configures a [Proxy].
type ProxyOptions struct {
	// TLS makes the proxy speak HTTPS, with the certificate of net/http/httptest.
	TLS bool

	// Transport reaches the target. Nil means one of the proxy's own, which verifies
	// certificates. The transport of [S3.HTTPClient] puts the proxy in front of an
	// S3 without a socket, and that of [Server.HTTPClient] knows its certificate.
	Transport http.RoundTripper
}

// A Proxy stands between clients and any S3, and makes requests go wrong as a
// [Script] says, on real connections: bodies end before their Content-Length,
// connections are reset, answers come while the client is still sending. The
// caller must Close it.
//
// It passes requests on as they are, with the Host header of the client, which is
// part of the signature: clients sign for the proxy's address, and an S3 that
// verifies signatures has to accept any Host, as versitygw and MinIO do.
type Proxy struct {
	// URL is where the proxy listens, with no slash at its end.
	URL string

	// Faults is what the requests go through: it counts them and holds the script.
	Faults *Faults

	handler http.Handler
	ts      *httptest.Server
	stop    context.CancelFunc
	own     *http.Transport // nil if the transport is the caller's
}

// NewProxy starts a proxy in front of target, an URL, on a port that the system
// chooses. A nil script does nothing to the requests. It panics if target is no URL
// or if it cannot listen, as [httptest.NewServer] does.
func NewProxy(target string, script Script, optFns ...func(*ProxyOptions)) *Proxy {
	var o ProxyOptions
	for _, fn := range optFns {
		fn(&o)
	}
	p := &Proxy{}
	if o.Transport == nil {
		p.own = &http.Transport{
			MaxIdleConnsPerHost:   256,
			DisableCompression:    true,
			ExpectContinueTimeout: time.Second,
		}
		o.Transport = p.own
	}
	p.Faults = NewFaults(o.Transport, script)
	p.handler = p.Faults.Handler(target)
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.ts = listen(ctx, p, o.TLS)
	p.URL = p.ts.URL
	return p
}

// HTTPClient returns the HTTP client of this proxy, which trusts its certificate.
// Its transport is an [*http.Transport] that may be cloned. Close closes its
// connections.
func (p *Proxy) HTTPClient() *http.Client { return p.ts.Client() }

// Client returns a client that goes through p, see [NewClient].
func (p *Proxy) Client(optFns ...func(*s3.Options)) *s3.Client {
	return NewClient(p.URL, p.HTTPClient(), optFns...)
}

// Stats returns what p has counted so far, see [Faults.Stats].
func (p *Proxy) Stats() Stats { return p.Faults.Stats() }

// SetScript exchanges the script, see [Faults.SetScript].
func (p *Proxy) SetScript(script Script) { p.Faults.SetScript(script) }

// Close breaks the connections, ends what stalls, and waits for the end of all
// requests.
func (p *Proxy) Close() {
	p.stop()
	p.ts.CloseClientConnections()
	p.ts.Close()
	if p.own != nil {
		p.own.CloseIdleConnections()
	}
}

var proxyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// ServeHTTP passes one request on.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Handler returns what a [Proxy] serves: a handler that passes requests on to target,
// an URL, through f. It is for servers of a test's own, such as one whose connections
// are in memory. It panics if target is no URL.
func (f *Faults) Handler(target string) http.Handler {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		panic("s3test: the proxy's target is no URL: " + target)
	}
	return &forwarder{f, u}
}

type forwarder struct {
	faults *Faults
	target *url.URL
}

func (p *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	// Without it, an answer waits until the rest of a small request has come.
	_ = rc.EnableFullDuplex() // HTTP/1 can

	resp, err := p.faults.RoundTrip(p.outgoing(r))
	if err != nil {
		fail(w, r, err)
		return
	}
	defer resp.Body.Close()
	h := w.Header()
	maps.Copy(h, resp.Header)
	removeHopHeaders(h)
	w.WriteHeader(resp.StatusCode)
	if resp.ContentLength < 0 && r.Method != http.MethodHead {
		_ = rc.Flush() // else net/http announces the length of a small body
	}

	buf := proxyBuffers.Get().(*[64 << 10]byte)
	defer proxyBuffers.Put(buf)
	for empty := 0; ; {
		n, err := resp.Body.Read(buf[:])
		if empty++; n > 0 || err != nil {
			empty = 0
		}
		if empty == 100 {
			err = io.ErrNoProgress
		}
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				panic(http.ErrAbortHandler) // the client is gone
			}
		}
		if err == io.EOF {
			return
		}
		// What has been read is on its way before the next read, which may stall,
		// and before the connection breaks.
		if n > 0 || err != nil {
			_ = rc.Flush() // if the client is gone the next write says so
		}
		if err != nil {
			abort(w, err)
			return
		}
	}
}

// outgoing returns the request for the target.
func (p *forwarder) outgoing(r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = p.target.Scheme, p.target.Host
	removeHopHeaders(out.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header.Set("User-Agent", "") // else the transport adds its own
	}
	if r.ContentLength == 0 {
		out.Body = http.NoBody // to a server 0 is known, to a transport it is not
	}
	out.Close = false
	return out
}

// removeHopHeaders removes what is about a connection and not about a message.
// Transfer-Encoding is not in headers, in Go.
func removeHopHeaders(h http.Header) {
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade"} {
		h.Del(name)
	}
}

// fail answers a request for which there is no answer.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		abort(w, err)
	default:
		body := (&apiError{code: "BadGateway", message: "s3test: the proxy has no answer: " + err.Error()}).body(r.URL.Path, "s3test")
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write(body) // the client may be gone
	}
}

// abort does to the client's connection what err says has happened to ours: it
// resets or closes it.
func abort(w http.ResponseWriter, err error) {
	if !isReset(err) {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // whose Close says no goodbye
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // close by RST; if it fails, by FIN
	}
	conn.Close()
}
