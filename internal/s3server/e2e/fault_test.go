package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/s3test"
)

// proxied returns the client under test behind a proxy that does what script says.
func (s *store) proxied(t *testing.T, script s3test.Script) (*transfer.Client, *s3test.Proxy) {
	proxy := s3test.NewProxy(s.Endpoint(), script, func(o *s3test.ProxyOptions) {
		o.TLS = s.tls
		o.Transport = s.HTTPClient().Transport
	})
	t.Cleanup(proxy.Close)
	return newClient(t, s.Client(func(o *s3.Options) {
		o.BaseEndpoint = aws.String(proxy.URL)
		o.HTTPClient = proxy.HTTPClient()
	})), proxy
}

// testBroken breaks the first few bodies.
func testBroken(t *testing.T, s *store) {
	data := random(6, 6*partSize+100)
	s.put(t, "broken", data)
	eachCall(t, func(t *testing.T, c call) {
		client, proxy := s.proxied(t, func(r *http.Request, n int) s3test.Fault {
			if n > 3 {
				return s3test.Fault{}
			}
			return s3test.Cut(partSize / 3)
		})
		d, err := c.do(t.Context(), t, client, s.get("broken"))
		require.NoError(t, err)
		requireSame(t, data, d.data)
		require.Equal(t, crc64, d.verification)
		require.Positive(t, proxy.Stats().Faults)
	})
}

// flipAt changes the byte at an offset of the object, whatever request it is in.
func flipAt(at int64) s3test.Script {
	return func(r *http.Request, _ int) s3test.Fault {
		var from int64
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		if r.Method != http.MethodGet || at < from {
			return s3test.Fault{}
		}
		return s3test.Flip(at - from)
	}
}
