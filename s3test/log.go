package s3test

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// A Request is one request that an [S3] has been sent.
type Request struct {
	// ID is the request id in the answer. IDs grow with time.
	ID string
	// Operation is the name of the operation, as of [Operation].
	Operation string
	// Method is the HTTP method.
	Method string
	// Bucket and Key are what the request is about. Either may be empty.
	Bucket, Key string
	// Query holds the query parameters.
	Query url.Values
	// Range is the Range header.
	Range string
	// Header holds all headers.
	Header http.Header
	// Status is the status code of the answer. Zero means that the request has not
	// been answered yet.
	Status int
	// Code is S3's error code in the answer, or empty.
	Code string
	// BytesReceived is the number of bytes of the body that have been read from the
	// client, in whatever encoding they came.
	BytesReceived int64
	// BytesSent is the number of bytes of the body that have been written to the
	// client. Over a socket, the client need not have received them.
	BytesSent int64
}

// Requests returns the last requests, the first to arrive first, up to
// [Options.LogSize]. An entry is complete when its request has been answered,
// which over a socket can be later than its client sees the end of the answer.
// The maps in it must not be written.
func (s *S3) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.log.entries[max(0, len(s.log.entries)-max(0, s.log.size)):]
	list := make([]Request, len(last))
	for i, e := range last {
		list[i] = *e
	}
	return list
}

// Counts returns how many requests there have been, by [Operation].
func (s *S3) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.log.counts)
}

// ResetRequests forgets the requests and the counts.
func (s *S3) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.entries = nil
	clear(s.log.counts)
}

// A requestLog keeps the last requests. It is guarded by the mutex of its S3.
type requestLog struct {
	size    int // negative for none
	entries []*Request
	counts  map[string]int
}

// add returns the entry for c, which the caller completes.
func (l *requestLog) add(c *call) *Request {
	e := &Request{ID: c.id, Operation: c.op, Method: c.Method, Bucket: c.bucket, Key: c.key,
		Query: c.query, Range: c.Header.Get("Range"), Header: c.Header}
	l.counts[c.op]++
	if l.size > 0 {
		// Twice the size, so that dropping the old ones costs little per request.
		if len(l.entries) >= 2*l.size {
			l.entries = slices.Delete(l.entries, 0, len(l.entries)-l.size)
		}
		l.entries = append(l.entries, e)
	}
	return e
}

// A recorder notes what is answered.
type recorder struct {
	http.ResponseWriter
	status         int
	code           string
	received, sent int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.sent += int64(n)
	return n, err
}

// countingReader adds what is read to *n.
type countingReader struct {
	io.ReadCloser
	n *int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	*r.n += int64(n)
	return n, err
}
