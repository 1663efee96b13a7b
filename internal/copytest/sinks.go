package copytest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
)

// A Sink opens a writing end. After rewind it takes bytes as if it had taken none.
type Sink struct {
	Name string
	Open func(s *Stage) (dst io.Writer, rewind func() error, err error)
}

// Sinks are all of them.
var Sinks = []Sink{
	{"tcp", toConn("tcp")},
	{"unix", toConn("unix")},
	{"tls", toTLS},
	{"file", toFile},
	{"append", func(s *Stage) (io.Writer, func() error, error) {
		f, err := s.file(os.O_APPEND)
		return f, func() error { return f.Truncate(0) }, err
	}},
	{"pipe", func(s *Stage) (io.Writer, func() error, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		s.onClose(func() { r.Close() })
		s.beside(w, func() { swallow(r) })
		return w, still, nil
	}},
	{"iopipe", func(s *Stage) (io.Writer, func() error, error) {
		r, w := io.Pipe()
		s.beside(w, func() { swallow(r) })
		return w, still, nil
	}},
	{"plain", toPlain},
	{"discard", func(*Stage) (io.Writer, func() error, error) { return io.Discard, still, nil }},
	{"buffer", func(*Stage) (io.Writer, func() error, error) {
		w := new(bytes.Buffer)
		return w, func() error { w.Reset(); return nil }, nil
	}},
	{"bufiotcp", flushed(toConn("tcp"))},
	{"bufiounix", flushed(toConn("unix"))},
	{"bufiotls", flushed(toTLS)},
	{"bufiofile", flushed(toFile)},
	{"bufioplain", flushed(toPlain)},
	{"http", toHTTP("Content-Length", endless)},
	{"chunked", toHTTP("Content-Type", "application/octet-stream")},
}

func still() error { return nil }

func toPlain(*Stage) (io.Writer, func() error, error) {
	return struct{ io.Writer }{io.Discard}, still, nil
}

func toConn(network string) func(*Stage) (io.Writer, func() error, error) {
	return func(s *Stage) (io.Writer, func() error, error) {
		near, far, err := s.conns(network)
		if err != nil {
			return nil, nil, err
		}
		s.beside(near, func() { swallow(far) })
		return near, still, nil
	}
}

func toTLS(s *Stage) (io.Writer, func() error, error) {
	near, far, err := s.secured()
	if err != nil {
		return nil, nil, err
	}
	s.beside(near.NetConn(), func() { swallow(far) })
	return near, still, nil
}

func toFile(s *Stage) (io.Writer, func() error, error) {
	f, err := s.file(0)
	return f, func() error { _, err := f.Seek(0, io.SeekStart); return err }, err
}

// toHTTP returns the response to a request whose answer somebody swallows. Its header is out.
func toHTTP(key, value string) func(*Stage) (io.Writer, func() error, error) {
	return func(s *Stage) (io.Writer, func() error, error) {
		lent, done := make(chan http.ResponseWriter), make(chan struct{})
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(key, value)
			lent <- w
			<-done
		}))
		s.onClose(srv.Close)
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			return nil, nil, err
		}
		s.beside(c, func() { swallow(c) })
		s.onClose(func() { close(done) })
		if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", c.RemoteAddr()); err != nil {
			return nil, nil, err
		}
		w := <-lent
		_, err = w.Write(make([]byte, 1<<20))
		return w, still, err
	}
}

// flushed puts a bufio.Writer in front of a sink.
func flushed(open func(*Stage) (io.Writer, func() error, error)) func(*Stage) (io.Writer, func() error, error) {
	return func(s *Stage) (io.Writer, func() error, error) {
		w, rewind, err := open(s)
		bw := bufio.NewWriter(w)
		return bw, func() error {
			if err := bw.Flush(); err != nil {
				return err
			}
			return rewind()
		}, err
	}
}

// swallow reads r to its end, without a thought.
func swallow(r io.Reader) {
	buf := make([]byte, 256<<10)
	for {
		if _, err := r.Read(buf); err != nil {
			return
		}
	}
}
