package s3test

import (
	"io"
	"maps"
	"net/http"
	"sync"
)

// Faults is an [http.RoundTripper] that makes requests go wrong, as a [Script]
// says, and counts them. Its methods may be called concurrently.
//
// Around a [Transport] it works without sockets, in bubbles of testing/synctest
// too; for real connections there is [Proxy]. Without a Script it only counts,
// which around a client's transport is what the client has received.
type Faults struct {
	next http.RoundTripper

	scriptMu sync.Mutex // held while the script runs: the script may ask for Stats
	script   Script
	n        int

	mu    sync.Mutex
	stats Stats
}

// NewFaults returns a RoundTripper that sends its requests to next; nil means
// [http.DefaultTransport]. A nil script does nothing to them.
func NewFaults(next http.RoundTripper, script Script) *Faults {
	if next == nil {
		next = http.DefaultTransport
	}
	return &Faults{next: next, script: script, stats: Stats{Keys: map[string]KeyStats{}}}
}

// SetScript exchanges the script, for requests from now on, and starts to count
// them from 1. A nil script does nothing to them.
func (f *Faults) SetScript(script Script) {
	f.scriptMu.Lock()
	defer f.scriptMu.Unlock()
	f.script, f.n = script, 0
}

// HTTPClient returns a client that uses f.
func (f *Faults) HTTPClient() *http.Client { return &http.Client{Transport: f} }

// RoundTrip sends a request, or does to it what the script says.
func (f *Faults) RoundTrip(req *http.Request) (*http.Response, error) {
	fault := f.choose(req)
	bucket, key := address(req)
	name := bucket + "/" + key
	f.count(name, func(s *KeyStats) { s.Requests++ })
	if fault.RoundTrip != nil {
		f.mu.Lock()
		f.stats.Faults++
		f.mu.Unlock()
	}
	if req.Body != nil && req.Body != http.NoBody {
		req = req.WithContext(req.Context()) // a copy
		req.Body = &countedBody{req.Body, func(n int) {
			f.count(name, func(s *KeyStats) { s.BytesReceived += int64(n) })
		}}
	}
	resp, err := fault.roundTrip(req, f.next)
	if err != nil {
		return nil, err
	}
	if resp.Body != http.NoBody {
		resp.Body = &countedBody{resp.Body, func(n int) {
			f.count(name, func(s *KeyStats) { s.BytesSent += int64(n) })
		}}
	}
	return resp, nil
}

func (f *Faults) choose(req *http.Request) Fault {
	f.scriptMu.Lock()
	defer f.scriptMu.Unlock()
	f.n++
	if f.script == nil {
		return Fault{}
	}
	return f.script(req, f.n)
}

// CloseIdleConnections does so for the transport below.
func (f *Faults) CloseIdleConnections() {
	(&http.Client{Transport: f.next}).CloseIdleConnections()
}

// Stats is what a [Faults] has counted.
type Stats struct {
	// KeyStats are the sums over all objects.
	KeyStats
	// Faults is the number of requests to which something has been done. What
	// happens to bodies is counted even if the body was too short for it.
	Faults int64
	// Keys holds the same for each object, by bucket/key.
	Keys map[string]KeyStats
}

// KeyStats is what a [Faults] has counted for one object.
type KeyStats struct {
	// Requests is the number of requests, repeated ones too.
	Requests int64
	// BytesReceived is the number of bytes of the requests' bodies that have been
	// read from the client.
	BytesReceived int64
	// BytesSent is the number of bytes of the answers' bodies that have been given
	// to the client. Of those that a [Proxy] sends, a client that closes the body
	// early does not receive all.
	BytesSent int64
}

// Stats returns what has been counted so far.
func (f *Faults) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Keys = maps.Clone(s.Keys)
	return s
}

// ResetStats starts to count from zero.
func (f *Faults) ResetStats() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats = Stats{Keys: map[string]KeyStats{}}
}

func (f *Faults) count(name string, add func(*KeyStats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	add(&f.stats.KeyStats)
	k := f.stats.Keys[name]
	add(&k)
	f.stats.Keys[name] = k
}

// countedBody reports what is read of it.
type countedBody struct {
	io.ReadCloser
	count func(n int)
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.count(n)
	}
	return n, err
}
