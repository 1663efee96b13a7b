package s3test_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

func put(data []byte, fns ...func(*s3.PutObjectInput)) *s3.PutObjectInput {
	in := &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(data)}
	for _, fn := range fns {
		fn(in)
	}
	return in
}

var algorithms = []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c,
	types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256}

func TestPutChecksums(t *testing.T) {
	everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
		for _, a := range algorithms {
			for _, size := range []int{0, 1, 70_000} {
				t.Run(string(a)+" "+strconv.Itoa(size), func(t *testing.T) {
					data := pattern(size)
					in := put(data, func(in *s3.PutObjectInput) {
						in.ChecksumAlgorithm = a
						in.ContentType, in.Metadata = aws.String("text/plain"), map[string]string{"A": "b"}
						in.ContentEncoding = aws.String("gzip")
					})
					out, err := c.PutObject(t.Context(), in)
					require.NoError(t, err)
					o, ok := s.Object("b", "k")
					require.True(t, ok)
					require.Equal(t, data, o.Data)
					require.Equal(t, a, o.ChecksumAlgorithm)
					require.Equal(t, types.ChecksumTypeFullObject, out.ChecksumType)
					require.Equal(t, o.ETag, *out.ETag)
					require.Equal(t, http.Header{"Content-Type": {"text/plain"}, "Content-Encoding": {"gzip"}}, o.Header)
					require.Equal(t, map[string]string{"a": "b"}, o.Metadata)

					got, err := c.GetObject(t.Context(), get("k")) // the SDK verifies
					require.NoError(t, err)
					require.Equal(t, data, readAll(t, got))
				})
			}
		}
	})
}

func TestPutDefaults(t *testing.T) {
	bare := func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired }
	s := s3test.New()
	s.CreateBucket("b", false)
	_, err := s.Client(bare).PutObject(t.Context(), put([]byte("data")))
	require.NoError(t, err)
	o, _ := s.Object("b", "k")
	require.Equal(t, types.ChecksumAlgorithmCrc64nvme, o.ChecksumAlgorithm, "S3 adds one")
	require.NotEmpty(t, o.Checksum)

	s = s3test.New(func(o *s3test.Options) { o.NoDefaultChecksum = true })
	s.CreateBucket("b", false)
	_, err = s.Client(bare).PutObject(t.Context(), put([]byte("data")))
	require.NoError(t, err)
	o, _ = s.Object("b", "k")
	require.Empty(t, o.ChecksumAlgorithm)
	require.Empty(t, o.Checksum)
	require.Empty(t, s.Put("b", "k", nil).Checksum)
}

// A stream can be sent over TLS only, with its checksum in the trailer.
func TestPutTrailer(t *testing.T) {
	for _, way := range []string{"in process", "https"} {
		s, c := ways[way](t, s3test.Options{})
		testPutTrailer(t, s, c)
	}
}

func testPutTrailer(t *testing.T, s *s3test.S3, c *s3.Client) {
	s.CreateBucket("b", false)
	for _, a := range algorithms {
		for _, size := range []int{0, 1, 200_000} {
			data := pattern(size)
			_, err := c.PutObject(t.Context(), put(nil, func(in *s3.PutObjectInput) {
				in.Body, in.ContentLength, in.ChecksumAlgorithm = unseekable(data), aws.Int64(int64(size)), a
			}))
			require.NoError(t, err, "%s, %d bytes", a, size)
			o, _ := s.Object("b", "k")
			require.Equal(t, data, o.Data)
			require.Equal(t, a, o.ChecksumAlgorithm)
			require.Empty(t, o.Header.Get("Content-Encoding"), "aws-chunked is the transfer's")
			if size > 0 {
				last := s.Requests()[len(s.Requests())-1]
				require.Equal(t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", last.Header.Get("X-Amz-Content-Sha256"))
			}
		}
	}
}

func TestPutRefused(t *testing.T) {
	everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
		tests := map[string]struct {
			set    func(*s3.PutObjectInput)
			status int
			code   string
		}{
			"wrong md5":      {func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("CY9rzUYh03PK3k6DJie09g==") }, 400, "BadDigest"},
			"invalid md5":    {func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("abc") }, 400, "InvalidDigest"},
			"wrong crc32":    {func(in *s3.PutObjectInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") }, 400, "BadDigest"},
			"invalid crc32":  {func(in *s3.PutObjectInput) { in.ChecksumCRC32 = aws.String("AAAA") }, 400, "InvalidRequest"},
			"none match":     {func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }, 412, "PreconditionFailed"},
			"match":          {func(in *s3.PutObjectInput) { in.IfMatch = aws.String(`"0"`) }, 412, "PreconditionFailed"},
			"match, missing": {func(in *s3.PutObjectInput) { in.Key, in.IfMatch = aws.String("x"), aws.String(`"0"`) }, 404, "NoSuchKey"},
			"bucket":         {func(in *s3.PutObjectInput) { in.Bucket = aws.String("x") }, 404, "NoSuchBucket"},
		}
		old := s.Put("b", "k", []byte("old"))
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				_, err := c.PutObject(t.Context(), put([]byte("new"), tt.set), noRetry)
				requireAPIError(t, err, tt.status, tt.code)
				o, _ := s.Object("b", "k")
				require.Equal(t, old, o)
			})
		}
		_, err := c.PutObject(t.Context(), put([]byte("new"), func(in *s3.PutObjectInput) { in.IfMatch = &old.ETag }))
		require.NoError(t, err)
		_, err = c.PutObject(t.Context(), put([]byte("new"), func(in *s3.PutObjectInput) {
			in.Key, in.IfNoneMatch = aws.String("fresh"), aws.String("*")
		}))
		require.NoError(t, err)
	})
}

// TestPutRaw sends what the SDK would not.
func TestPutRaw(t *testing.T) {
	chunked := map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		"X-Amz-Decoded-Content-Length": "5", "X-Amz-Trailer": "x-amz-checksum-crc32", "Content-Encoding": "aws-chunked"}
	signed := map[string]string{"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "X-Amz-Decoded-Content-Length": "5"}
	tests := map[string]struct {
		header map[string]string
		body   string
		want   string // S3's code
	}{
		"plain":           {nil, "hello", ""},
		"one chunk":       {chunked, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", ""},
		"two chunks":      {chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", ""},
		"signed chunks":   {signed, "5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n", ""},
		"wrong trailer":   {chunked, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"},
		"no trailer":      {chunked, "5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError"},
		"too long":        {chunked, "6\r\nhello!\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "IncompleteBody"},
		"too short":       {chunked, "4\r\nhell\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "IncompleteBody"},
		"cut short":       {chunked, "5\r\nhel", "IncompleteBody"},
		"no chunks":       {chunked, "hello", "IncompleteBody"},
		"no length":       {map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "0\r\n\r\n", "MissingContentLength"},
		"unknown trailer": {map[string]string{"X-Amz-Trailer": "x-amz-checksum-adler"}, "", "InvalidRequest"},
		"two checksums":   {map[string]string{"X-Amz-Checksum-Crc32": "NhCmhg==", "X-Amz-Checksum-Crc32c": "NhCmhg=="}, "hello", "InvalidRequest"},
		"wrong sha256":    {map[string]string{"X-Amz-Content-Sha256": strings.Repeat("00", 32)}, "hello", "XAmzContentSHA256Mismatch"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := s3test.New()
			s.CreateBucket("b", false)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://s3.test/b/k", strings.NewReader(tt.body))
			require.NoError(t, err)
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, ...")
			for name, v := range tt.header {
				req.Header.Set(name, v)
			}
			resp, err := s.HTTPClient().Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			if tt.want != "" {
				require.Contains(t, string(body), "<Code>"+tt.want+"</Code>")
				require.Equal(t, tt.want, s.Requests()[0].Code)
				return
			}
			require.Equal(t, 200, resp.StatusCode, "%s", body)
			o, _ := s.Object("b", "k")
			require.Equal(t, "hello", string(o.Data))
		})
	}
}

func TestDelete(t *testing.T) {
	s := s3test.New()
	c := s.Client()
	for _, key := range []string{"a", "b", "c", "d"} {
		s.Put("b", key, nil)
	}
	_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("a")})
	require.NoError(t, err)
	_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("a")})
	require.NoError(t, err, "S3 does not mind")
	out, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String("b"), Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: aws.String("b")}, {Key: aws.String("c")}}}})
	require.NoError(t, err)
	require.Len(t, out.Deleted, 2)
	require.Equal(t, []string{"d"}, s.Keys("b"))
	s.Delete("b", "d")
	s.Delete("b", "d")
	require.Empty(t, s.Keys("b"))
}

func TestCopyObject(t *testing.T) {
	s := s3test.New()
	c := s.Client()
	from := s.Put("b", "from/a b", pattern(100), func(o *s3test.Object) {
		o.Header, o.Metadata = http.Header{"Content-Type": {"text/plain"}}, map[string]string{"a": "b"}
		o.Parts = s3test.EqualParts(100, 30)
		o.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32c
	})
	in := &s3.CopyObjectInput{Bucket: aws.String("b"), Key: aws.String("to"), CopySource: aws.String("b/from%2Fa%20b")}
	out, err := c.CopyObject(t.Context(), in)
	require.NoError(t, err)
	to, ok := s.Object("b", "to")
	require.True(t, ok)
	require.Equal(t, from.Data, to.Data)
	require.Equal(t, from.Metadata, to.Metadata)
	require.Equal(t, "text/plain", to.Header.Get("Content-Type"))
	require.Equal(t, to.ETag, *out.CopyObjectResult.ETag)
	require.Equal(t, to.Checksum, *out.CopyObjectResult.ChecksumCRC32C)
	require.Nil(t, to.Parts)

	in.CopySourceIfMatch = aws.String(`"0"`)
	_, err = c.CopyObject(t.Context(), in)
	requireAPIError(t, err, 412, "PreconditionFailed")
	in.CopySourceIfMatch, in.CopySource = nil, aws.String("b/missing")
	_, err = c.CopyObject(t.Context(), in)
	requireAPIError(t, err, 404, "NoSuchKey")
	in.CopySource = aws.String("b/to")
	_, err = c.CopyObject(t.Context(), in)
	requireAPIError(t, err, 400, "InvalidRequest")
	in.MetadataDirective, in.Metadata = types.MetadataDirectiveReplace, map[string]string{"new": "1"}
	_, err = c.CopyObject(t.Context(), in)
	require.NoError(t, err)
	to, _ = s.Object("b", "to")
	require.Equal(t, map[string]string{"new": "1"}, to.Metadata)
}

func FuzzPutChunked(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"))
	f.Add([]byte("2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"))
	f.Add([]byte("ffffffffffffffff\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := s3test.New()
		s.CreateBucket("b", false)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://s3.test/b/k", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, ...")
		req.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		req.Header.Set("X-Amz-Decoded-Content-Length", "5")
		resp, err := s.HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		if o, ok := s.Object("b", "k"); ok {
			require.Len(t, o.Data, 5)
		} else {
			require.Equal(t, 400, resp.StatusCode)
		}
	})
}
