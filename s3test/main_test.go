package s3test_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool/internal/leak"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

func TestMain(m *testing.M) {
	leak.Main(m)
}

// pattern returns n bytes that do not repeat.
func pattern(n int) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(b) // never fails
	return b
}

// requireAPIError checks the status and the code of an answer.
func requireAPIError(t testing.TB, err error, status int, code string) {
	t.Helper()
	require.Error(t, err)
	resp, ok := errors.AsType[*awshttp.ResponseError](err)
	require.True(t, ok, "no answer: %v", err)
	require.Equal(t, status, resp.HTTPStatusCode(), "%v", err)
	api, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, code, api.ErrorCode(), "%v", err)
}

func readAll(t testing.TB, out *s3.GetObjectOutput) []byte {
	t.Helper()
	data, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	require.NoError(t, out.Body.Close())
	return data
}

// ways are the ways to reach an S3.
var ways = map[string]func(t testing.TB, o s3test.Options) (*s3test.S3, *s3.Client){
	"in process": func(t testing.TB, o s3test.Options) (*s3test.S3, *s3.Client) {
		s := s3test.New(func(p *s3test.Options) { *p = o })
		return s, s.Client()
	},
	"http": func(t testing.TB, o s3test.Options) (*s3test.S3, *s3.Client) {
		s := s3test.NewServer(func(p *s3test.ServerOptions) { p.Options = o })
		t.Cleanup(s.Close)
		return s.S3, s.Client()
	},
	"https": func(t testing.TB, o s3test.Options) (*s3test.S3, *s3.Client) {
		s := s3test.NewServer(func(p *s3test.ServerOptions) { p.Options = o; p.TLS = true })
		t.Cleanup(s.Close)
		return s.S3, s.Client()
	},
}

// everyWay runs a test over each of the ways, against a bucket named "b".
func everyWay(t *testing.T, o s3test.Options, f func(t *testing.T, s *s3test.S3, c *s3.Client)) {
	for name, reach := range ways {
		t.Run(name, func(t *testing.T) {
			s, c := reach(t, o)
			s.CreateBucket("b", false)
			f(t, s, c)
		})
	}
}

// noRetry makes a client report what it is answered first.
func noRetry(o *s3.Options) { o.RetryMaxAttempts = 1 }

// unseekable hides that r can seek.
func unseekable(data []byte) io.Reader {
	return struct{ io.Reader }{bytes.NewReader(data)}
}
