package transfer_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/transfer"
)

// A bare store sends a SHA-256 without "-N" and type.
type bare struct {
	transfer.API
	sum, etag string
}

func (b bare) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := b.API.GetObject(ctx, in, optFns...)
	if err == nil {
		out.ETag, out.ChecksumSHA256, out.ContentRange = aws.String(b.etag), aws.String(b.sum), nil
	}
	return out, err
}

// TestBareChecksum: a SHA of an object in parts is a SHA of SHAs, whether it says so or not,
// and is not taken for the object's.
func TestBareChecksum(t *testing.T) {
	object := pattern(1000)
	whole := sha256.Sum256(object)
	ofParts := sha256.Sum256(whole[:])
	const md5 = "0123456789abcdef0123456789abcdef"
	for _, tt := range []struct {
		sum      [32]byte
		etag     string
		verified bool
	}{{whole, `"` + md5 + `"`, true}, {ofParts, `"` + md5 + `-3"`, false}} {
		api := bare{&dribble{FakeS3: pooltest.FakeS3{Object: object}}, base64.StdEncoding.EncodeToString(tt.sum[:]), tt.etag}
		for _, call := range calls {
			_, v, err := call.do(t.Context(), t, newClient(newPool(t), api), get(""))
			require.NoError(t, err, "%s of %s", call.name, tt.etag)
			require.Equal(t, tt.verified, v.Verified(), "%s of %s: %+v", call.name, tt.etag, v)
		}
	}
}
