package e2e

import (
	"context"
	"io"
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	limit := rate.NewLimiter(rate.Limit(bytesPerSecond), 4<<10)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { pipe(ctx, c, addr(), limit) })
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); all.Wait() })
	return l.Addr().String()
}

// pipe forwards a connection. What one side ends is ended on the other.
func pipe(ctx context.Context, c net.Conn, addr string, limit *rate.Limiter) {
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
		io.Copy(c, s)
		c.(*net.TCPConn).CloseWrite()
	}()
	buf := make([]byte, 4<<10)
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
