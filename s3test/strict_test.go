package s3test_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

const (
	docs  = "https://docs.aws.amazon.com/AmazonS3/latest/"
	putAt = docs + "API/API_PutObject.html"
)

// TestStrict: what S3 refuses, a program under test must not get away with. Each row
// says where S3 says so.
func TestStrict(t *testing.T) {
	none := func(v string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.IfNoneMatch = &v }
	}
	putRow := func(set func(*s3.PutObjectInput)) func(context.Context, *s3.Client) error {
		return func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutObject(ctx, put([]byte("new"), set))
			return err
		}
	}
	createRow := func(bucket string) func(context.Context, *s3.Client) error {
		return func(ctx context.Context, c *s3.Client) error {
			_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
			return err
		}
	}
	type row struct {
		source string
		do     func(context.Context, *s3.Client) error
		status int    // 0 for success
		code   string // S3's
	}
	rows := map[string]row{
		"put if none match, a tag": {"https://github.com/aws/aws-sdk-ruby/issues/3144", putRow(none(`"0"`)), 501, "NotImplemented"},
		"put if match and none match": {"https://github.com/versity/versitygw/pull/1727", putRow(func(in *s3.PutObjectInput) {
			in.IfMatch, in.IfNoneMatch = aws.String(`"0"`), aws.String("*")
		}), 501, "NotImplemented"},
		"put if none match, any": {putAt, putRow(none("*")), 412, "PreconditionFailed"},
		"put if match, weak":     {"RFC 9110, section 13.1.1", putRow(func(in *s3.PutObjectInput) { in.IfMatch = aws.String("W/" + etagOfOld) }), 412, "PreconditionFailed"},
		"put if match":           {putAt, putRow(func(in *s3.PutObjectInput) { in.IfMatch = aws.String(etagOfOld) }), 0, ""},
		"get if match, weak": {"RFC 9110, section 13.1.1", func(ctx context.Context, c *s3.Client) error {
			_, err := c.GetObject(ctx, get("k", func(in *s3.GetObjectInput) { in.IfMatch = aws.String("W/" + etagOfOld) }))
			return err
		}, 412, "PreconditionFailed"},
		"create, then complete if none match, a tag": {docs + "API/API_CompleteMultipartUpload.html", func(ctx context.Context, c *s3.Client) error {
			up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k")})
			if err != nil {
				return err
			}
			_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"),
				UploadId: up.UploadId, IfNoneMatch: aws.String(`"0"`),
				MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1)}}}})
			return err
		}, 501, "NotImplemented"},
		"copy if none match, a tag": {docs + "API/API_CopyObject.html", func(ctx context.Context, c *s3.Client) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("b"), Key: aws.String("k2"), CopySource: aws.String("b/k")},
				s3.WithAPIOptions(smithyhttp.SetHeaderValue("If-None-Match", `"0"`))) // older SDKs have no field for it
			return err
		}, 501, "NotImplemented"},
		"copy with an unknown directive": {docs + "API/API_CopyObject.html", func(ctx context.Context, c *s3.Client) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("b"), Key: aws.String("k2"), CopySource: aws.String("b/k"), MetadataDirective: "MERGE"})
			return err
		}, 400, "InvalidArgument"},
		"delete if match, another": {docs + "API/API_DeleteObject.html", func(ctx context.Context, c *s3.Client) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), IfMatch: aws.String(`"0"`)})
			return err
		}, 412, "PreconditionFailed"},
		"delete if the size matches": {docs + "API/API_DeleteObject.html", func(ctx context.Context, c *s3.Client) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), IfMatchSize: aws.Int64(3)})
			return err
		}, 501, "NotImplemented"},
		"longest key": {docs + "userguide/object-keys.html", putRow(func(in *s3.PutObjectInput) { in.Key = aws.String(strings.Repeat("é", 512)) }), 0, ""},
		"long key":    {docs + "userguide/object-keys.html", putRow(func(in *s3.PutObjectInput) { in.Key = aws.String(strings.Repeat("k", 1025)) }), 400, "KeyTooLongError"},
		"long key of multi-byte characters": {docs + "userguide/object-keys.html", func(ctx context.Context, c *s3.Client) error {
			_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String(strings.Repeat("é", 513))})
			return err
		}, 400, "KeyTooLongError"},
		"long key of a copy's source": {docs + "userguide/object-keys.html", func(ctx context.Context, c *s3.Client) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("b"), Key: aws.String("k2"), CopySource: aws.String("b/" + strings.Repeat("k", 1025))})
			return err
		}, 400, "KeyTooLongError"},
		"key that is not UTF-8": {docs + "userguide/object-keys.html", putRow(func(in *s3.PutObjectInput) { in.Key = aws.String("a\xff") }), 400, "InvalidURI"},
		"most metadata":         {docs + "userguide/UsingMetadata.html", putRow(metadata(2048)), 0, ""},
		"too much metadata":     {docs + "userguide/UsingMetadata.html", putRow(metadata(2049)), 400, "MetadataTooLarge"},
		"too much metadata in an upload": {docs + "userguide/UsingMetadata.html", func(ctx context.Context, c *s3.Client) error {
			_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"),
				Metadata: map[string]string{"k": strings.Repeat("v", 2048)}})
			return err
		}, 400, "MetadataTooLarge"},
		"too large headers": {docs + "userguide/UsingMetadata.html", putRow(func(in *s3.PutObjectInput) {
			in.ContentDisposition = aws.String(strings.Repeat("x", 8192))
		}), 400, "RequestHeaderSectionTooLarge"},
	}
	for _, name := range []string{"ab", strings.Repeat("a", 64), "A-bucket", "a_bucket", "-abc", "abc-", ".abc", "a..b", "192.168.5.4", "xn--abc", "sthree-abc",
		"amzn-s3-demo-abc", "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--table-s3", "é-bucket"} {
		rows["bucket "+name] = row{docs + "userguide/bucketnamingrules.html", createRow(name), 400, "InvalidBucketName"}
	}
	for _, name := range []string{"abc", "a-b.c", "123", strings.Repeat("a", 63), "a.b", "1.2.3"} {
		rows["bucket "+name] = row{docs + "userguide/bucketnamingrules.html", createRow(name), 0, ""}
	}
	for name, tt := range rows {
		t.Run(name, func(t *testing.T) {
			s := s3test.New()
			old := s.Put("b", "k", []byte("old"))
			require.Equal(t, etagOfOld, old.ETag)
			err := tt.do(t.Context(), s.Client(noRetry))
			if tt.status == 0 {
				require.NoError(t, err, "see %s", tt.source)
				return
			}
			require.NotEmpty(t, tt.source)
			requireAPIError(t, err, tt.status, tt.code)
			o, _ := s.Object("b", "k")
			require.Equal(t, old, o, "nothing has happened")
			require.Equal(t, []string{"k"}, s.Keys("b"))
		})
	}
}

const etagOfOld = `"149603e6c03516362a8da23f624db945"`

// metadata returns an input's option with n bytes of it, most in multi-byte characters.
func metadata(n int) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) {
		in.Metadata = map[string]string{"abc": strings.Repeat("v", 997), "def": strings.Repeat("w", n-3-997-3)}
	}
}

// TestStrictRaw is the same for requests that the SDK does not make.
func TestStrictRaw(t *testing.T) {
	date := "&X-Amz-Credential=test%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=" + time.Now().Add(-time.Hour).UTC().Format("20060102T150405Z")
	const presigned = docs + "API/sigv4-query-string-auth.html"
	rows := map[string]struct {
		source, method, path, body string
		header                     map[string]string
		want                       string
	}{
		"empty version":            {docs + "API/API_GetObject.html", "GET", "/b/k?versionId=", "", nil, "InvalidArgument"},
		"delete without a digest":  {docs + "API/API_DeleteObjects.html", "POST", "/b?delete", `<Delete><Object><Key>k</Key></Object></Delete>`, nil, "InvalidRequest"},
		"part without its number":  {docs + "API/API_UploadPart.html", "PUT", "/b/k?uploadId=x", "part", nil, "InvalidArgument"},
		"list of a third type":     {docs + "API/API_ListObjectsV2.html", "GET", "/b?list-type=3", "", nil, "InvalidArgument"},
		"algorithm, no checksum":   {docs + "userguide/checking-object-integrity.html", "PUT", "/b/k", "x", map[string]string{"X-Amz-Sdk-Checksum-Algorithm": "CRC32"}, "InvalidRequest"},
		"key that is not UTF-8":    {docs + "userguide/object-keys.html", "PUT", "/b/a%ff", "x", nil, "InvalidURI"},
		"presigned, expired":       {presigned, "GET", "/b/k?X-Amz-Expires=3599" + date, "", nil, "AccessDenied"},
		"presigned, for too long":  {presigned, "GET", "/b/k?X-Amz-Expires=604801" + date, "", nil, "AuthorizationQueryParametersError"},
		"presigned, still valid":   {presigned, "GET", "/b/k?X-Amz-Expires=3660" + date, "", nil, ""},
		"presigned, without dates": {presigned, "GET", "/b/k?X-Amz-Expires=60&X-Amz-Credential=test%2F20260101%2Fus-east-1%2Fs3%2Faws4_request", "", nil, "AuthorizationQueryParametersError"},
	}
	for name, tt := range rows {
		t.Run(name, func(t *testing.T) {
			s := s3test.New()
			s.Put("b", "k", []byte("old"))
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://s3.test"+tt.path, strings.NewReader(tt.body))
			require.NoError(t, err)
			if !strings.Contains(tt.path, "X-Amz-Credential") {
				req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, ...")
			}
			for name, v := range tt.header {
				req.Header.Set(name, v)
			}
			resp, err := s.HTTPClient().Do(req)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, tt.want, s.Requests()[0].Code, "see %s", tt.source)
			require.Equal(t, []string{"k"}, s.Keys("b"))
		})
	}
}

// TestDeleteObjectsConditions: each object has its own condition and its own answer.
func TestDeleteObjectsConditions(t *testing.T) {
	s := s3test.New()
	a, _ := s.Put("b", "a", []byte("a")), s.Put("b", "c", []byte("c"))
	in := &s3.DeleteObjectsInput{Bucket: aws.String("b"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("a"), ETag: aws.String(`"0"`)},
		{Key: aws.String("a"), ETag: &a.ETag},
		{Key: aws.String("c"), ETag: aws.String("*")},
		{Key: aws.String("missing"), ETag: aws.String("*")},
		{Key: aws.String("missing")},
		{Key: aws.String(strings.Repeat("k", 1025))},
	}}}
	out, err := s.Client().DeleteObjects(t.Context(), in)
	require.NoError(t, err)
	var deleted, refused []string
	for _, d := range out.Deleted {
		deleted = append(deleted, *d.Key)
	}
	for _, e := range out.Errors {
		refused = append(refused, (*e.Key)[:1]+" "+*e.Code)
	}
	require.Equal(t, []string{"a", "c", "missing"}, deleted)
	require.Equal(t, []string{"a PreconditionFailed", "m NoSuchKey", "k KeyTooLongError"}, refused)
	require.Empty(t, s.Keys("b"))

	in.Delete.Objects = []types.ObjectIdentifier{{Key: aws.String("a"), Size: aws.Int64(1)}}
	_, err = s.Client(noRetry).DeleteObjects(t.Context(), in)
	requireAPIError(t, err, 501, "NotImplemented")

	s.CreateBucket("versions", true)
	s.Put("versions", "a", nil)
	in = &s3.DeleteObjectsInput{Bucket: aws.String("versions"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("a")}}}}
	out, err = s.Client().DeleteObjects(t.Context(), in)
	require.NoError(t, err)
	require.True(t, *out.Deleted[0].DeleteMarker)
	require.Equal(t, s.Versions("versions", "a")[1].VersionID, *out.Deleted[0].DeleteMarkerVersionId)
}

// TestEndOfUpload: of Complete and Abort at once, one succeeds.
func TestEndOfUpload(t *testing.T) {
	s := s3test.New()
	s.CreateBucket("b", false)
	c := s.Client(noRetry)
	data := bytes.Repeat([]byte("x"), 1<<20) // takes a while to put together
	var both [2]int
	for range 50 {
		s.Delete("b", "k")
		id := create(t, c)
		p := uploadPart(t, c, id, 1, data, "")
		var wg sync.WaitGroup
		var completed, aborted error
		wg.Go(func() { _, completed = complete(t, c, id, p) })
		wg.Go(func() {
			_, aborted = c.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: id})
		})
		wg.Wait()
		_, stored := s.Object("b", "k")
		require.Equal(t, completed == nil, stored, "%v", completed)
		require.NotEqual(t, completed == nil, aborted == nil, "complete: %v, abort: %v", completed, aborted)
		for _, err := range []error{completed, aborted} {
			if err != nil {
				requireAPIError(t, err, 404, "NoSuchUpload")
			}
		}
		if stored {
			both[0]++
		} else {
			both[1]++
		}
		require.Empty(t, s.Uploads("b"))
	}
	t.Logf("completed %d, aborted %d", both[0], both[1])
}
