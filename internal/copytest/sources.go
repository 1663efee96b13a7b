package copytest

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
)

// A Source opens a reading end that has size bytes, and has them again after rewind.
type Source struct {
	Name string
	Open func(s *Stage, size int64) (src io.Reader, rewind func() error, err error)
}

// Sources are all of them.
var Sources = []Source{
	{"file", openFile},
	{"limited", func(s *Stage, size int64) (io.Reader, func() error, error) {
		f, rewind, err := openFile(s, size)
		l := &io.LimitedReader{R: f}
		return l, func() error { l.N = size; return rewind() }, err
	}},
	{"section", func(s *Stage, size int64) (io.Reader, func() error, error) {
		f, _, err := openFile(s, size)
		if err != nil {
			return nil, nil, err
		}
		r := io.NewSectionReader(f.(*os.File), 0, size)
		return r, rewindSeeker(r), nil
	}},
	{"bytes", func(_ *Stage, size int64) (io.Reader, func() error, error) {
		r := bytes.NewReader(make([]byte, size))
		return r, rewindSeeker(r), nil
	}},
	{"plain", openPlain},
	{"packets", func(s *Stage, size int64) (io.Reader, func() error, error) {
		r, rewind, err := openPlain(s, size)
		return packets{r}, rewind, err
	}},
	{"bufio", buffered(openPlain)},
	{"bufiofile", buffered(openFile)},
	{"bufiotcp", buffered(openConn("tcp"))},
	{"tcp", openConn("tcp")},
	{"unix", openConn("unix")},
	{"tls", func(s *Stage, size int64) (io.Reader, func() error, error) {
		near, far, err := s.secured()
		if err != nil {
			return nil, nil, err
		}
		s.beside(near.NetConn(), func() { pour(far) })
		return limited(near, size)
	}},
	{"pipe", func(s *Stage, size int64) (io.Reader, func() error, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		s.onClose(func() { w.Close() })
		s.beside(r, func() { pour(w) })
		return limited(r, size)
	}},
	{"iopipe", func(s *Stage, size int64) (io.Reader, func() error, error) {
		r, w := io.Pipe()
		s.beside(r, func() { pour(w) })
		return limited(r, size)
	}},
	{"body", func(s *Stage, size int64) (io.Reader, func() error, error) {
		near, far, err := s.conns("tcp")
		if err != nil {
			return nil, nil, err
		}
		s.beside(near, func() {
			io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: "+endless+"\r\n\r\n")
			pour(far)
		})
		resp, err := http.ReadResponse(bufio.NewReader(near), nil)
		if err != nil {
			return nil, nil, err
		}
		return limited(struct{ io.ReadCloser }{resp.Body}, size)
	}},
}

// endless is a length that no comparison reaches.
const endless = "1000000000000000"

func openFile(s *Stage, size int64) (io.Reader, func() error, error) {
	f, err := s.file(0)
	if err != nil {
		return nil, nil, err
	}
	_, err = f.Write(make([]byte, size))
	return f, rewindSeeker(f), err
}

func openPlain(_ *Stage, size int64) (io.Reader, func() error, error) {
	r := bytes.NewReader(make([]byte, size))
	return struct{ io.Reader }{r}, rewindSeeker(r), nil
}

// openConn returns a source on the near end of a connection. It never ends, so it is limited.
func openConn(network string) func(*Stage, int64) (io.Reader, func() error, error) {
	return func(s *Stage, size int64) (io.Reader, func() error, error) {
		near, far, err := s.conns(network)
		if err != nil {
			return nil, nil, err
		}
		s.beside(near, func() { pour(far) })
		return limited(near, size)
	}
}

func limited(r io.Reader, size int64) (io.Reader, func() error, error) {
	l := &io.LimitedReader{R: r}
	return l, func() error { l.N = size; return nil }, nil
}

// buffered puts a bufio.Reader in front of a source.
func buffered(open func(*Stage, int64) (io.Reader, func() error, error)) func(*Stage, int64) (io.Reader, func() error, error) {
	return func(s *Stage, size int64) (io.Reader, func() error, error) {
		r, rewind, err := open(s, size)
		br := bufio.NewReader(r)
		return br, func() error { br.Reset(r); return rewind() }, err
	}
}

func rewindSeeker(r io.Seeker) func() error {
	return func() error { _, err := r.Seek(0, io.SeekStart); return err }
}

// A packets reader returns as much as a packet carries.
type packets struct{ r io.Reader }

func (p packets) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), 1448)]) }

// pour writes to w for as long as it takes.
func pour(w io.Writer) {
	buf := make([]byte, 256<<10)
	for {
		if _, err := w.Write(buf); err != nil {
			return
		}
	}
}
