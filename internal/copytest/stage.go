// Package copytest has ends to copy between: files, connections, memory, and wrappers around
// them. They are made once and rewound for every copy. Connections never end, so that their
// sources are limited; somebody is at their other side.
package copytest

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// A Stage holds the two ends of a copy and whoever is at their other sides. It is closed
// when the comparison is over: connections first, then nobody is left behind them.
type Stage struct {
	closers []func()
	others  sync.WaitGroup
}

// Close ends the comparison.
func (s *Stage) Close() {
	for _, f := range slices.Backward(s.closers) {
		f()
	}
	s.others.Wait()
}

func (s *Stage) onClose(f func()) { s.closers = append(s.closers, f) }

// beside runs f until the stage is closed, which closes c.
func (s *Stage) beside(c io.Closer, f func()) {
	s.others.Go(f)
	s.onClose(func() { c.Close() })
}

// dir returns a directory of the stage's own.
func (s *Stage) dir() (string, error) {
	dir, err := os.MkdirTemp("", "s3pool-copy-")
	if err == nil {
		s.onClose(func() { os.RemoveAll(dir) })
	}
	return dir, err
}

// file returns a new file.
func (s *Stage) file(flag int) (*os.File, error) {
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "file"), os.O_RDWR|os.O_CREATE|flag, 0o666)
	if err == nil {
		s.onClose(func() { f.Close() })
	}
	return f, err
}

// conns returns both ends of a connection.
func (s *Stage) conns(network string) (near, far net.Conn, err error) {
	addr := "127.0.0.1:0"
	if network == "unix" {
		dir, err := s.dir()
		if err != nil {
			return nil, nil, err
		}
		addr = filepath.Join(dir, "socket")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if near, err = net.Dial(network, l.Addr().String()); err != nil {
		return nil, nil, err
	}
	s.onClose(func() { near.Close() })
	if far, err = l.Accept(); err != nil {
		return nil, nil, err
	}
	s.onClose(func() { far.Close() })
	return near, far, nil
}

// secured returns both ends of a TLS connection.
func (s *Stage) secured() (near, far *tls.Conn, err error) {
	a, b, err := s.conns("tcp")
	if err != nil {
		return nil, nil, err
	}
	near = tls.Client(a, &tls.Config{InsecureSkipVerify: true}) // its own other end
	far = tls.Server(b, &tls.Config{Certificates: certificates()})
	shaken := make(chan error, 1)
	go func() { shaken <- far.Handshake() }()
	if err := near.Handshake(); err != nil {
		return nil, nil, err
	}
	return near, far, <-shaken
}

// certificates are httptest's own.
var certificates = sync.OnceValue(func() []tls.Certificate {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	return srv.TLS.Certificates
})
