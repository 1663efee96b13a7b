package direct

import (
	"slices"
	"strings"
	"sync"
)

// A wire is a request while it is put together: what goes out but is not yet a http.Request.
// It is recycled, nothing outside keeps a part of it.
type wire struct {
	headers []header
	query   []parameter
	names   []byte // of the headers that are signed
	buf     []byte
}

// A header is a line of a request's header.
type header struct {
	name, lower, value string
	unsigned           bool
}

// A parameter is one of a request's query, escaped.
type parameter struct{ name, value string }

var wires = sync.Pool{New: func() any { return new(wire) }}

func newWire() *wire { return wires.Get().(*wire) }

func (w *wire) free() {
	clear(w.headers) // there may be a caller's key among them
	clear(w.query)
	clear(w.buf)
	w.headers, w.query, w.buf = w.headers[:0], w.query[:0], w.buf[:0]
	wires.Put(w)
}

func (w *wire) addHeader(name, lower, value string) {
	w.headers = append(w.headers, header{name: name, lower: lower, value: value})
}

func (w *wire) addQuery(name, value string) {
	w.query = append(w.query, parameter{name, escape(value, false)})
}

// sort puts headers and parameters in the order in which they are signed. There are few, and
// most of them are in order.
func (w *wire) sort() {
	slices.SortFunc(w.headers, func(a, b header) int { return strings.Compare(a.lower, b.lower) })
	slices.SortFunc(w.query, func(a, b parameter) int { return strings.Compare(a.name, b.name) })
}

// rawQuery returns the query as it is sent and signed.
func (w *wire) rawQuery() string {
	if len(w.query) == 0 {
		return ""
	}
	b := w.buf[:0]
	for i, p := range w.query {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	w.buf = b
	return string(b)
}

const upperhex = "0123456789ABCDEF"

// escape writes every byte but unreserved ones, and slashes of a path, as %XX (RFC 3986).
func escape(s string, path bool) string {
	n := 0
	for i := range len(s) {
		if !unreserved[s[i]] && !(path && s[i] == '/') {
			n++
		}
	}
	if n == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; unreserved[c] || path && c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', upperhex[c>>4], upperhex[c&15])
		}
	}
	return string(b)
}

var unreserved = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" {
		t[c] = true
	}
	return t
}()
