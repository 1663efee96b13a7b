package transfer_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

// TestAddresses: every request of a transfer goes where the plain client's would, and
// is signed for it, however buckets are addressed.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		name, bucket, host, path string
		opt                      func(*s3.Options)
	}{
		{"virtual host", "bucket", "bucket.s3.us-west-2.amazonaws.com", "/key", func(*s3.Options) {}},
		{"path", "bucket", "s3.us-west-2.amazonaws.com", "/bucket/key", func(o *s3.Options) { o.UsePathStyle = true }},
		{"custom endpoint", "bucket", "store.example:9000", "/bucket/key", func(o *s3.Options) {
			o.BaseEndpoint, o.UsePathStyle = aws.String("https://store.example:9000"), true
		}},
		{"custom virtual host", "bucket", "bucket.store.example", "/key", func(o *s3.Options) {
			o.BaseEndpoint = aws.String("https://store.example")
		}},
		{"accelerated", "bucket", "bucket.s3-accelerate.amazonaws.com", "/key", func(o *s3.Options) { o.UseAccelerate = true }},
		{"access point", "arn:aws:s3:us-west-2:123456789012:accesspoint/point",
			"point-123456789012.s3-accesspoint.us-west-2.amazonaws.com", "/key", func(*s3.Options) {}},
		{"access point elsewhere", "arn:aws:s3:eu-west-1:123456789012:accesspoint/point",
			"point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com", "/key", func(o *s3.Options) { o.UseARNRegion = true }},
		{"multi-region access point", "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
			"mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com", "/key", func(*s3.Options) {}},
		{"S3 Express", "bucket--usw2-az1--x-s3",
			"bucket--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com", "/key", func(*s3.Options) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := newUploadFake()
			post := &postman{next: fake.HTTPClient().Transport, bucket: c.bucket}
			client := s3.New(s3.Options{
				Region: "us-west-2", HTTPClient: &http.Client{Transport: post},
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
				}),
			}, c.opt)
			own := newClient(newPool(t), client, smallParts)
			object := pattern(5 * testPart)
			in := put(bytes.NewReader(object))
			in.Bucket = &c.bucket
			_, err := own.Put(t.Context(), in)
			require.NoError(t, err)
			requireStored(t, fake, object, c.name)
			for _, call := range calls {
				in := get("")
				in.Bucket = &c.bucket
				got, v, err := call.do(t.Context(), t, own, in)
				require.NoError(t, err, call.name)
				require.True(t, bytes.Equal(object, got), call.name)
				require.True(t, v.Verified(), call.name)
			}
			require.GreaterOrEqual(t, len(post.seen), 7+4)
			for _, r := range post.seen {
				require.Equal(t, c.host, r.URL.Host, r.Method)
				require.Equal(t, c.path, r.URL.Path, r.Method)
				require.NotEmpty(t, r.Header.Get("Authorization"))
				require.Equal(t, strings.Contains(c.name, "Express"), r.Header.Get("X-Amz-S3session-Token") != "")
			}
		})
	}
}

// A postman delivers every request for the key to one S3, and remembers the address.
type postman struct {
	next   http.RoundTripper
	bucket string

	mu   sync.Mutex
	seen []*http.Request
}

func (p *postman) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Has("session") { // S3 Express's CreateSession
		const session = `<CreateSessionResult><Credentials><AccessKeyId>id</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>` +
			`<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>`
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(session)), Request: r}, nil
	}
	p.mu.Lock()
	p.seen = append(p.seen, r)
	p.mu.Unlock()
	there := r.Clone(r.Context())
	there.URL.Scheme, there.URL.Host, there.URL.Path, there.Host = "https", s3test.Domain, "/bucket/key", s3test.Domain
	return p.next.RoundTrip(there)
}
