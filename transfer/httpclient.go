package transfer

import (
	"cmp"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// HTTPClientOptions configures [NewHTTPClient].
type HTTPClientOptions struct {
	// Connections is the number of connections that are kept for the next request
	// when they fall idle, to one host and to all hosts together. It should not be
	// less than the number of requests under way at a time, which is that of
	// transfers times Options.Concurrency, and at most Options.MaxRequests for each
	// Client. Zero means 512, negative means that none
	// is kept. (S3 gives every bucket a host of its own.)
	Connections int

	// MaxConnections is the number of connections to one host, busy or idle, beyond
	// which requests wait for each other. Zero means 2048, as in the SDK; negative
	// means no limit.
	MaxConnections int

	// IdleTimeout is how long an idle connection is kept. Zero means 90 seconds, as
	// in the SDK; negative means until the server closes it.
	IdleTimeout time.Duration
}

const (
	defaultConnections    = 512
	defaultMaxConnections = 2048
	defaultIdleTimeout    = 90 * time.Second
)

// NewHTTPClient returns the SDK's own HTTP client with a connection pool for many
// transfers at a time, for config.WithHTTPClient or s3.Options.HTTPClient.
//
// The SDK keeps 10 idle connections to a host. Of 64 transfers that end, 54 close
// theirs, and the next 64 make 54 new ones: a TLS handshake each, which takes two
// round trips and more CPU time than 100 KB of data. This one keeps them. Like the
// SDK's it is lazy: connections that nobody has used are not made.
//
// It speaks HTTP/1.1 only, as S3 does: parallel requests shall be parallel
// connections, behind a proxy that knows HTTP/2 too.
//
// More can be set with its own methods, which return changed copies. A copy has a
// connection pool of its own, so make the client once and share it.
func NewHTTPClient(optFns ...func(*HTTPClientOptions)) *awshttp.BuildableClient {
	var o HTTPClientOptions
	for _, fn := range optFns {
		fn(&o)
	}
	o.Connections = cmp.Or(o.Connections, defaultConnections)
	o.MaxConnections = cmp.Or(o.MaxConnections, defaultMaxConnections)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, defaultIdleTimeout)
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = o.Connections // negative means none here
		t.MaxIdleConns = max(o.Connections, 0)
		t.MaxConnsPerHost = max(o.MaxConnections, 0) // and zero means no limit here
		t.IdleConnTimeout = max(o.IdleTimeout, 0)
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
		// The transport has been cloned, and with it what it would offer for HTTP/2.
		t.TLSClientConfig.NextProtos = nil
		t.TLSNextProto = nil
	})
}
