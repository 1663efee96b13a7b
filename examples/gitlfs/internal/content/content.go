package content

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool/transfer"
)

// Content is safe for concurrent use.
type Content struct {
	api      *s3.Client
	transfer *transfer.Client
	bucket   string
	prefix   string // ends with a slash, or is empty
	presign  *presigner
}

// New returns the content of a bucket under a prefix. t works on api.
func New(api *s3.Client, t *transfer.Client, bucket, prefix string) *Content {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	return &Content{api: api, transfer: t, bucket: bucket, prefix: prefix}
}

const (
	objectsDir = "objects/"
	stagingDir = "staging/"
)

// newKey returns a key that nobody has used.
func (c *Content) newKey(oid string) string {
	return c.prefix + objectsDir + oid[:2] + "/" + oid[2:4] + "/" + oid + "/" + strings.ToLower(rand.Text())
}

// Put stores a body under a key of its own, which it returns. A body that is not the object
// is ErrContent, one that breaks off ErrBody; S3 then shows nothing of it.
func (c *Content) Put(ctx context.Context, r io.Reader, oid string, size int64) (key string, err error) {
	key = c.newKey(oid)
	b := newBody(r, oid, size)
	_, err = c.transfer.Put(ctx, &s3.PutObjectInput{
		Bucket: &c.bucket, Key: &key, Body: b, ContentLength: &size,
		ContentType: aws.String("application/octet-stream"),
	})
	switch {
	case b.err != nil && b.err != io.EOF:
		err = b.err // in its own words, whatever Put makes of a body that is too short
	case err == nil && b.err == nil:
		err = errors.New("content: the upload has ended before the body was checked") // a bug
	}
	if err != nil {
		return "", err
	}
	return key, nil
}

// Check reads a body to its end and stores nothing. Errors are those of Put.
func (c *Content) Check(r io.Reader, oid string, size int64) error {
	_, err := io.Copy(io.Discard, newBody(r, oid, size))
	return err
}

// Delete removes an object. It outlives the request that finds it to be of no use.
func (c *Content) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTimeout)
	defer cancel()
	_, err := c.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &c.bucket, Key: &key})
	return err
}

const deleteTimeout = 30 * time.Second

// Input names an object for s3http.Serve.
func (c *Content) Input(key string) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: &c.bucket, Key: &key}
}

// Transfer is for s3http.Serve.
func (c *Content) Transfer() *transfer.Client { return c.transfer }

// Rehash reads an object and compares it with its OID. ErrContent and IsMissing say what is
// wrong with it; any other error says nothing about it.
func (c *Content) Rehash(ctx context.Context, key, oid string, size int64) error {
	r, err := c.transfer.Open(ctx, c.Input(key))
	if err != nil {
		return err
	}
	defer r.Close()
	err = c.Check(r, oid, size)
	if errors.Is(err, transfer.ErrIntegrity) {
		return errors.Join(ErrContent, err)
	}
	return err
}

// IsMissing reports whether err says that S3 does not have the object. A bucket that is not
// there says nothing about an object, so the answer to a HEAD is not enough.
func IsMissing(err error) bool {
	e, ok := errors.AsType[smithy.APIError](err)
	return ok && e.ErrorCode() == "NoSuchKey"
}
