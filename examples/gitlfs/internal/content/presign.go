package content

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// MaxPresigned is the largest object that S3 takes in one request, in bytes.
const MaxPresigned = 5 << 30

type presigner struct{ client *s3.PresignClient }

// A Presigned is a request that a client makes to S3 itself.
type Presigned struct {
	URL    string
	Header map[string]string // to be sent, and signed
	Key    string            // where the bytes will be
}

// EnablePresign makes Presign work. endpoint is S3's as the clients reach it; empty means as
// we do. It tries one PUT with wrong bytes: a store that keeps them does not hold clients to
// the checksum that was signed, and EnablePresign returns an error.
func (c *Content) EnablePresign(ctx context.Context, endpoint string) error {
	p := &presigner{s3.NewPresignClient(c.api, func(o *s3.PresignOptions) {
		if endpoint != "" {
			o.ClientOptions = append(o.ClientOptions, func(o *s3.Options) { o.BaseEndpoint = &endpoint })
		}
	})}
	if err := c.tryWrong(ctx, p); err != nil {
		return fmt.Errorf("content: presigned uploads: %w", err)
	}
	c.presign = p
	return nil
}

// tryWrong returns nil if the store refuses bytes that are not those whose digest was signed.
func (c *Content) tryWrong(ctx context.Context, p *presigner) error {
	right, wrong := []byte("the right bytes"), []byte("the wrong bytes")
	sum := sha256.Sum256(right)
	signed, err := c.sign(ctx, p, "probe", hex.EncodeToString(sum[:]), int64(len(right)), time.Minute)
	if err != nil {
		return err
	}
	defer c.Delete(ctx, signed.Key)
	// The right bytes must be taken, or the refusal of the wrong ones says nothing.
	for _, try := range []struct {
		body []byte
		want bool
	}{{right, true}, {wrong, false}} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, signed.URL, bytes.NewReader(try.body))
		if err != nil {
			return err
		}
		for k, v := range signed.Header {
			req.Header.Set(k, v)
		}
		resp, err := c.api.Options().HTTPClient.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if kept := resp.StatusCode/100 == 2; kept != try.want {
			return fmt.Errorf("the store answered %d to a PUT of %s", resp.StatusCode, try.body)
		}
	}
	return nil
}

// CanPresign reports whether EnablePresign has succeeded.
func (c *Content) CanPresign() bool { return c.presign != nil }

// Presign returns a request that uploads an object into a key of its own, which belongs to a
// repository. Digest, length and type are signed.
func (c *Content) Presign(ctx context.Context, repository, oid string, size int64, ttl time.Duration) (Presigned, error) {
	return c.sign(ctx, c.presign, repository, oid, size, ttl)
}

func (c *Content) sign(ctx context.Context, p *presigner, repository, oid string, size int64, ttl time.Duration) (Presigned, error) {
	sum, err := hex.DecodeString(oid)
	if err != nil {
		return Presigned{}, err
	}
	key := c.prefix + stagingDir + repository + "/" + strings.ToLower(rand.Text())
	req, err := p.client.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: &c.bucket, Key: &key, ContentLength: &size,
		ContentType:       aws.String("application/octet-stream"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		ChecksumSHA256:    aws.String(base64.StdEncoding.EncodeToString(sum)),
	}, s3.WithPresignExpires(ttl))
	if err != nil {
		return Presigned{}, err
	}
	header := map[string]string{}
	for name, values := range req.SignedHeader {
		// Host and length are what every client sends.
		if name = http.CanonicalHeaderKey(name); name != "Host" && name != "Content-Length" {
			header[name] = values[0]
		}
	}
	if u, err := url.Parse(req.URL); err != nil || !signs(u, header, "x-amz-checksum-sha256", "content-length") {
		return Presigned{}, errors.New("content: the SDK has not signed the digest and the length")
	}
	return Presigned{req.URL, header, key}, nil
}

// signs reports whether a request binds its sender to all of what.
func signs(u *url.URL, header map[string]string, what ...string) bool {
	signed := ";" + u.Query().Get("X-Amz-SignedHeaders") + ";"
	for _, w := range what {
		_, inQuery := u.Query()[http.CanonicalHeaderKey(w)]
		if !strings.Contains(signed, ";"+w+";") && !inQuery {
			return false
		}
	}
	return true
}

// Adopt looks at what a client has put under a staged key, and copies it inside S3 to a key of
// its own, which it returns. Bytes that are not the object are ErrContent, and so is a key
// under which there is nothing.
func (c *Content) Adopt(ctx context.Context, staged, oid string, size int64) (key string, err error) {
	sum, err := hex.DecodeString(oid)
	if err != nil {
		return "", err
	}
	head, err := c.transfer.Head(ctx, &s3.HeadObjectInput{Bucket: &c.bucket, Key: &staged, ChecksumMode: types.ChecksumModeEnabled})
	if _, missing := errors.AsType[*types.NotFound](err); missing {
		return "", fmt.Errorf("%w: nothing has been uploaded", ErrContent)
	}
	if err != nil {
		return "", err
	}
	if n := aws.ToInt64(head.ContentLength); n != size {
		return "", fmt.Errorf("%w: it has %d bytes instead of %d", ErrContent, n, size)
	}
	if got := aws.ToString(head.ChecksumSHA256); got != base64.StdEncoding.EncodeToString(sum) {
		return "", fmt.Errorf("%w: its SHA-256 is %q in S3", ErrContent, got)
	}
	key = c.newKey(oid)
	_, err = c.api.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &c.bucket, Key: &key, CopySource: aws.String(url.PathEscape(c.bucket) + "/" + escapePath(staged)),
		CopySourceIfMatch: head.ETag, // what was looked at is what is copied
	})
	return key, err
}

func escapePath(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
