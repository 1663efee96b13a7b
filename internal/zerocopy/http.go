package zerocopy

import (
	"io"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
)

// A response is net/http's ResponseWriter for HTTP/1.
type response interface {
	http.ResponseWriter
	io.ReaderFrom
}

// isResponse reports whether w is one. What middleware puts around it may do in its
// ReadFrom what it does not do in its Write, and is used as io.Copy uses it.
func isResponse(w io.ReaderFrom) bool {
	t := reflect.TypeOf(w)
	if known := responseType.Load(); known != nil && t == *known {
		return true
	}
	if t.Kind() != reflect.Pointer || t.Elem().Name() != "response" || t.Elem().PkgPath() != "net/http" {
		return false
	}
	responseType.Store(new(t))
	return true
}

// responseType is the type of these, once one has been met: names are slow to compare.
var responseType atomic.Pointer[reflect.Type]

// respond copies a file or a connection into an HTTP response.
//
// A body that the handler has declared to be long goes through ReadFrom, which hands it to
// the connection: five small allocations in net and net/http, for a short cut that a body of
// this size deserves. The head of any other goes through Write. That settles whether the
// response has a Content-Length, spares the two allocations of net/http's, and is all there
// is to a small body. What comes behind it goes through ReadFrom too, unless it is sent in
// chunks: there is no short cut for these.
func (z copier) respond(w response, src io.Reader) (int64, error) {
	if declared(w) >= longBody {
		return z.readFrom(w, src)
	}
	n, more, err := z.pumpMax(w, src, pumpSize)
	if err != nil || !more {
		return n, err
	}
	var m int64
	if declared(w) < 0 {
		m, err = z.pump(w, src)
	} else {
		m, err = z.readFrom(w, src)
	}
	return n + m, err
}

// longBody is from how many bytes on the short cut is cheaper than to read and write them,
// also if the header has been sent already.
const longBody = 16 << 10

// declared returns the Content-Length that the response has, or -1.
func declared(w http.ResponseWriter) int64 {
	if text := w.Header()["Content-Length"]; len(text) == 1 {
		if n, err := strconv.ParseInt(text[0], 10, 64); err == nil {
			return n
		}
	}
	return -1
}

// readFrom is w.ReadFrom, which finds out that src is a file or a connection when it has
// come to the connection behind w.
func (z copier) readFrom(w response, src io.Reader) (int64, error) {
	d := disguises.Get().(*disguise)
	d.copier, d.src = z, src
	n, err := w.ReadFrom(d)
	*d = disguise{}
	disguises.Put(d)
	return n, err
}

// A disguise is a source that a ReadFrom cannot recognise, and so one that no
// ReadFrom can choose a bad way for. If there is a TCP connection at the end of a
// chain of them, it asks the disguise to write itself there.
type disguise struct {
	copier copier
	src    io.Reader
}

var disguises = sync.Pool{New: func() any { return new(disguise) }}

func (d *disguise) Read(b []byte) (int, error) { return d.src.Read(b) }

func (d *disguise) WriteTo(w io.Writer) (int64, error) {
	if c := connBehind(w); c != nil {
		return d.copier.route(c, d.src)
	}
	return d.copier.pump(w, d.src)
}

// connBehind returns the connection in what net.TCPConn passes to a WriteTo: a
// struct of its own, which embeds the *TCPConn and takes its ReadFrom away. A
// caller's struct that embeds one may count or limit what it writes, so that only
// net's counts here.
func connBehind(w io.Writer) *net.TCPConn {
	v := reflect.ValueOf(w)
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != "net" || v.NumField() != 2 {
		return nil
	}
	// struct { noReadFrom; *TCPConn }. A loop over v.Fields would allocate.
	if f := v.Field(1); f.CanInterface() && f.Type() == reflect.TypeFor[*net.TCPConn]() {
		return f.Interface().(*net.TCPConn)
	}
	return nil
}
