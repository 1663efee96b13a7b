package s3test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ServerOptions configures a [Server].
type ServerOptions struct {
	Options

	// TLS makes the server speak HTTPS, with the certificate of net/http/httptest.
	TLS bool
}

// A Server is an [S3] that listens on the loopback interface. The caller must
// Close it.
type Server struct {
	*S3

	// URL is where the server listens, with no slash at its end.
	URL string

	ts *httptest.Server
}

// NewServer starts an empty S3 on a port that the system chooses. It panics if it
// cannot listen, as [httptest.NewServer] does.
func NewServer(optFns ...func(*ServerOptions)) *Server {
	var o ServerOptions
	for _, fn := range optFns {
		fn(&o)
	}
	s := &Server{S3: newS3(o.Options)}
	s.ts = listen(context.Background(), s.S3, o.TLS)
	s.URL = s.ts.URL
	return s
}

// listen serves h, whose requests have a context under base.
func listen(base context.Context, h http.Handler, tls bool) *httptest.Server {
	ts := httptest.NewUnstartedServer(h)
	ts.Config.BaseContext = func(net.Listener) context.Context { return base }
	ts.Config.ErrorLog = log.New(io.Discard, "", 0)
	if tls {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	// The stock number of idle connections, two, would make concurrent tests dial
	// for every other request.
	ts.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 256
	return ts
}

// HTTPClient returns the HTTP client of this server, which trusts its certificate.
// Its transport is an [*http.Transport] that may be cloned. Close closes its
// connections.
func (s *Server) HTTPClient() *http.Client { return s.ts.Client() }

// Client returns a client that reaches s over its socket, see [NewClient].
func (s *Server) Client(optFns ...func(*s3.Options)) *s3.Client {
	return NewClient(s.URL, s.HTTPClient(), optFns...)
}

// Close breaks the connections, also those of requests that are being answered, and
// waits for the end of all requests.
func (s *Server) Close() {
	s.ts.CloseClientConnections()
	s.ts.Close()
}
