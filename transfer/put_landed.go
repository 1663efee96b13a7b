package transfer

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/sdk"
)

// What to believe when S3 was told to make an object and its answer was lost, or is none of
// S3's. Then the object that is there is looked at: it is ours if it has the bytes that we
// sent and is no older than our upload.

// look asks for the object. It returns nil if there is none, or nobody knows.
func (u *upload) look() *s3.HeadObjectOutput {
	var out *s3.HeadObjectOutput
	err := u.ask(0).do(u.ctx, func(ctx context.Context, opts []func(*s3.Options)) (err error) {
		out, err = u.set.client.headObject(ctx, headInput(u.in), opts)
		return err
	})
	if err != nil {
		return nil
	}
	return out
}

// A claim is what an object must be like to be ours.
type claim struct {
	size int64
	sum  string // its checksum by algorithm, as S3 writes it; empty if there is none
	by   crc.Algorithm
	etag string    // where the ETag is made of MD5s, as without encryption
	from time.Time // the object was not made before
}

// holds reports whether an object is as claimed. strictly says that it has to be of our own
// upload: under a condition, another's with the same bytes is not.
func (c *claim) holds(out *s3.HeadObjectOutput, strictly bool) bool {
	if out == nil || out.ContentLength == nil || *out.ContentLength != c.size {
		return false
	}
	young, known := c.young(out)
	if strictly && !young || known && !young {
		return false
	}
	sum, etag := sumsOf(out).get(c.by), strings.Trim(aws.ToString(out.ETag), `"`)
	switch {
	case c.sum != "" && sum != "":
		return sum == c.sum
	case c.etag != "" && c.etag == etag:
		return true
	}
	// A store without any validator, and an object of the right size that was not there
	// before: there is no better to be had.
	return etag == "" && sum == "" && young
}

// young reports whether the object was made since the upload began, by S3's own clock. known
// is false if that cannot be told. A multipart upload's object may bear the time at which the
// upload began.
func (c *claim) young(out *s3.HeadObjectOutput) (young, known bool) {
	now, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok || out.LastModified == nil || c.from.IsZero() {
		return false, false
	}
	const seconds = 2 * time.Second // both are rounded
	return now.Sub(*out.LastModified) <= time.Since(c.from)+seconds, true
}

// conditional reports whether the object must be or must not be another.
func (u *upload) conditional() bool { return u.in.IfNoneMatch != nil || u.in.IfMatch != nil }

// lost reports whether err may be the answer to a request that was made again, of which the
// first was granted.
func lost(err error) bool {
	return sdk.Code(err) == "NoSuchUpload" || sdk.Code(err) == "PreconditionFailed" || sdk.Status(err) == http.StatusPreconditionFailed
}

// landed reports whether the object is there, whatever S3 has answered to its completion.
func (m *multipart) landed() bool {
	c := claim{size: m.total, from: m.since}
	switch {
	case m.sum.Algorithm != crc.None:
		c.by, c.sum = m.sum.Algorithm, m.sum.String()
	case m.seal.algorithm != crc.None:
		c.by, c.sum = m.seal.algorithm, m.composite()
	}
	c.etag = m.etagOfParts()
	out := m.look()
	if !c.holds(out, m.conditional()) {
		return false
	}
	m.found = out
	return true
}

// etagOfParts returns the ETag that S3 gives an object of these parts, if theirs are MD5s.
func (m *multipart) etagOfParts() string {
	h := md5.New()
	for _, p := range m.parts {
		sum, err := hex.DecodeString(strings.Trim(aws.ToString(p.ETag), `"`))
		if err != nil || len(sum) != md5.Size {
			return ""
		}
		h.Write(sum)
	}
	return fmt.Sprintf("%x-%d", h.Sum(nil), len(m.parts))
}

// composite returns the checksum that S3 makes of the parts'.
func (m *multipart) composite() string {
	h := crc.NewSum(m.seal.algorithm)
	for i := range m.parts {
		sum, err := base64.StdEncoding.DecodeString(sumsOf(&m.parts[i]).get(m.seal.algorithm))
		if err != nil || len(sum) == 0 {
			return ""
		}
		h.Write(sum)
	}
	return fmt.Sprintf("%v-%d", h.Value(), len(m.parts))
}

// landed reports whether p is there, whatever S3 has answered to its PutObject, and returns
// what it would have answered.
func (u *upload) landed(p putbody.Payload, sum crc.Value, from time.Time) *s3.PutObjectOutput {
	c := claim{size: p.N, from: from}
	if sum.Algorithm != crc.None {
		c.by, c.sum = sum.Algorithm, sum.String()
	}
	h := md5.New()
	if err := p.WriteTo(u.ctx, h, u.set.pool); err == nil {
		c.etag = hex.EncodeToString(h.Sum(nil))
	}
	out := u.look()
	if !c.holds(out, u.conditional()) {
		return nil
	}
	return foundOutput(out, p.N)
}

// foundOutput is of an object whose upload another answer was for.
func foundOutput(found *s3.HeadObjectOutput, size int64) *s3.PutObjectOutput {
	o := &s3.PutObjectOutput{
		ETag: found.ETag, VersionId: found.VersionId, Size: &size, ChecksumType: found.ChecksumType,
		BucketKeyEnabled: found.BucketKeyEnabled, SSEKMSKeyId: found.SSEKMSKeyId,
		ServerSideEncryption: found.ServerSideEncryption, Expiration: found.Expiration,
		SSECustomerAlgorithm: found.SSECustomerAlgorithm, SSECustomerKeyMD5: found.SSECustomerKeyMD5,
		RequestCharged: found.RequestCharged, ResultMetadata: found.ResultMetadata,
	}
	to := sumsOf(o)
	for a, sum := range sumsOf(found) {
		if sum != nil && to[a] != nil {
			*to[a] = *sum
		}
	}
	return o
}
