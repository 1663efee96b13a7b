package e2e

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

// throttle is a slow network before addr: bytes per second that clients may send, in all. It
// returns the address to use.
func throttle(t testing.TB, addr func() string, bytesPerSecond int) string {
	t.Helper()
	limit := rate.NewLimiter(rate.Limit(bytesPerSecond), pieceSize)
	return network(t, func(ctx context.Context, c net.Conn) { pipe(ctx, c, addr(), limit, nil) })
}

// cutting is a network before addr that breaks off, once, when a connection has brought n bytes
// to its client.
func cutting(t testing.TB, addr string, n int64) string {
	t.Helper()
	var once sync.Once
	return network(t, func(ctx context.Context, c net.Conn) {
		pipe(ctx, c, addr, rate.NewLimiter(rate.Inf, pieceSize), func(sofar int64) {
			if sofar >= n {
				once.Do(func() { c.Close() })
			}
		})
	})
}

const pieceSize = 4 << 10

// network listens until the test ends, and has each connection forwarded.
func network(t testing.TB, forward func(context.Context, net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { forward(ctx, c) })
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); all.Wait() })
	return l.Addr().String()
}

// pipe forwards a connection. What one side ends is ended on the other. brought, if not nil, is
// told of the bytes that the client has been sent.
func pipe(ctx context.Context, c net.Conn, addr string, limit *rate.Limiter, brought func(int64)) {
	defer c.Close()
	s, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer s.Close()
	stop := context.AfterFunc(ctx, func() { c.Close(); s.Close() })
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var sofar int64
		buf := make([]byte, 64<<10)
		for {
			n, err := s.Read(buf)
			if _, werr := c.Write(buf[:n]); err != nil || werr != nil {
				break
			}
			if sofar += int64(n); brought != nil {
				brought(sofar)
			}
		}
		c.(*net.TCPConn).CloseWrite()
	}()
	buf := make([]byte, pieceSize)
	for {
		n, err := c.Read(buf)
		if limit.WaitN(ctx, n) != nil {
			break
		}
		if _, werr := s.Write(buf[:n]); err != nil || werr != nil {
			break
		}
	}
	s.(*net.TCPConn).CloseWrite()
	<-done
}
