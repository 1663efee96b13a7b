package transfertest

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// A Network is an HTTP server and the connections to it, in memory: they work in a
// bubble of testing/synctest, where real sockets do not.
type Network struct {
	// Transport reaches the server, whatever the host. It may be configured before the
	// first request.
	Transport *http.Transport

	pipes  *pipes
	server *http.Server
	stop   context.CancelFunc // ends the contexts of handlers
	served sync.WaitGroup
}

// NewNetwork starts a server. The caller must Close it. With http2 the connections are
// HTTP/2 without TLS.
func NewNetwork(h http.Handler, http2 bool) *Network {
	n := &Network{pipes: &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}}
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	// A handler that does not read its request's body is not told that the client has gone.
	base, stop := context.WithCancel(context.Background())
	n.stop = stop
	n.server = &http.Server{Handler: h, Protocols: &protocols, BaseContext: func(net.Listener) context.Context { return base }}
	n.Transport = &http.Transport{DialContext: n.pipes.dial, Protocols: &protocols, DisableCompression: true}
	n.served.Go(func() { _ = n.server.Serve(n.pipes) }) // says only that it was closed
	return n
}

// Close ends the connections, the handlers' contexts and the server, and waits for its
// end.
func (n *Network) Close() error {
	n.stop()
	n.Transport.CloseIdleConnections()
	err := n.server.Close()
	n.served.Wait()
	return err
}

// pipes is a net.Listener of pipes.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.accept <- server:
		return client, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Addr() net.Addr { return pipeAddr{} }

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
