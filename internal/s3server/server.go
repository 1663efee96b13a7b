package s3server

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A Server is an S3 server: a child process of this one, or the one that the
// environment names. Its methods may be called concurrently.
type Server struct {
	name      string
	cfg       aws.Config
	transport *http.Transport // under cfg.HTTPClient, closed with the server
	buckets   buckets
	child     *child // nil for a server that was there before

	close func() error
}

// Start starts a server, or, when S3POOL_ENDPOINT is set, connects to that
// one. ctx bounds the start only. The caller must Close the server.
func Start(ctx context.Context, optFns ...func(*Options)) (*Server, error) {
	var (
		s   *Server
		err error
	)
	if endpoint := os.Getenv(endpointEnv); endpoint != "" {
		s, err = external(ctx, endpoint, os.Getenv(bucketEnv))
	} else {
		s, err = embedded(ctx, resolveOptions(optFns))
	}
	if err != nil {
		return nil, err
	}
	s.close = sync.OnceValue(s.shutdown)
	return s, nil
}

// newServer completes cfg with what a client of any endpoint needs. It owns
// transport from then on.
func newServer(name, endpoint string, cfg aws.Config, transport *http.Transport) *Server {
	cfg.BaseEndpoint = aws.String(endpoint)
	cfg.HTTPClient = &http.Client{
		Transport: transport,
		// As the SDK's own client: a redirect is an answer, for the SDK to read.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Server{name: name, cfg: cfg, transport: transport}
}

// sdkTransport returns a copy of the transport that the SDK uses for c, which
// may be nil.
func sdkTransport(c aws.HTTPClient) *http.Transport {
	if b, ok := c.(*awshttp.BuildableClient); ok {
		return b.GetTransport()
	}
	return awshttp.NewBuildableClient().GetTransport()
}

// Endpoint returns the URL of the S3 API, such as http://127.0.0.1:43121.
func (s *Server) Endpoint() string { return *s.cfg.BaseEndpoint }

// String says which server this is, for reports.
func (s *Server) String() string { return s.name + " at " + s.Endpoint() }

// External reports whether the server was named by S3POOL_ENDPOINT, rather
// than started by us.
func (s *Server) External() bool { return s.child == nil }

// Config returns an SDK configuration for the server: endpoint, region,
// credentials, trust, and checksums as config.LoadDefaultConfig sets them. It
// does not say that addressing is path-style; clients other than
// [Server.Client] must say so themselves.
func (s *Server) Config() aws.Config { return s.cfg.Copy() }

// HTTPClient returns the client below every [Server.Client]: the SDK's default
// transport, with trust in the server's certificate.
func (s *Server) HTTPClient() *http.Client { return s.cfg.HTTPClient.(*http.Client) }

// Client returns an SDK client for the server, as an application would make
// it: from [Server.Config], path-style. Clients share their connections.
func (s *Server) Client(optFns ...func(*s3.Options)) *s3.Client {
	pathStyle := func(o *s3.Options) { o.UsePathStyle = true }
	return s3.NewFromConfig(s.cfg, append([]func(*s3.Options){pathStyle}, optFns...)...)
}

// Close stops the child and removes its directory, or removes what was made on
// another server. An error also tells that the child had died early. Further
// calls return what the first did.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutdown() error {
	var err error
	if s.External() {
		err = s.removeBuckets()
	}
	s.transport.CloseIdleConnections()
	if s.child != nil {
		err = errors.Join(err, s.child.stop())
	}
	return err
}
