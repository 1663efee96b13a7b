package s3test_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

func get(key string, fns ...func(*s3.GetObjectInput)) *s3.GetObjectInput {
	in := &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String(key)}
	for _, fn := range fns {
		fn(in)
	}
	return in
}

func TestGetWhole(t *testing.T) {
	for _, size := range []int{0, 1, 100_000, 3 << 20} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
				data := pattern(size)
				o := s.Put("b", "a key/with+signs %", data, func(o *s3test.Object) {
					o.Header = http.Header{"Content-Type": {"image/png"}, "Cache-Control": {"no-store"}}
					o.Metadata = map[string]string{"colour": "blue"}
				})
				out, err := c.GetObject(t.Context(), get("a key/with+signs %"))
				require.NoError(t, err)
				require.Equal(t, data, readAll(t, out))
				require.EqualValues(t, size, *out.ContentLength)
				require.Equal(t, o.ETag, *out.ETag)
				require.Equal(t, o.LastModified, *out.LastModified)
				require.Equal(t, "image/png", *out.ContentType)
				require.Equal(t, "no-store", *out.CacheControl)
				require.Equal(t, map[string]string{"colour": "blue"}, out.Metadata)
				require.Equal(t, o.Checksum, *out.ChecksumCRC64NVME)
				require.Equal(t, types.ChecksumTypeFullObject, out.ChecksumType)
				require.Nil(t, out.VersionId)
				require.Nil(t, out.ContentRange)

				head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("a key/with+signs %"),
					ChecksumMode: types.ChecksumModeEnabled})
				require.NoError(t, err)
				require.EqualValues(t, size, *head.ContentLength)
				require.Equal(t, o.Checksum, *head.ChecksumCRC64NVME)
			})
		})
	}
}

func TestGetRange(t *testing.T) {
	const none = "416"
	tests := []struct {
		size  int
		spec  string
		want  string // Content-Range; "" for 200, none for 416
		bytes [2]int
	}{
		{10, "bytes=0-3", "bytes 0-3/10", [2]int{0, 4}},
		{10, "bytes=3-3", "bytes 3-3/10", [2]int{3, 4}},
		{10, "bytes=4-", "bytes 4-9/10", [2]int{4, 10}},
		{10, "bytes=0-", "bytes 0-9/10", [2]int{0, 10}},
		{10, "bytes=9-100", "bytes 9-9/10", [2]int{9, 10}},
		{10, "bytes=0-99999999999999999999", "bytes 0-9/10", [2]int{0, 10}},
		{10, "bytes=-3", "bytes 7-9/10", [2]int{7, 10}},
		{10, "bytes=-30", "bytes 0-9/10", [2]int{0, 10}},
		{10, "bytes=10-", none, [2]int{}},
		{10, "bytes=10-20", none, [2]int{}},
		{10, "bytes=99999999999999999999-", none, [2]int{}},
		{10, "bytes=-0", none, [2]int{}},
		{0, "bytes=0-", none, [2]int{}},
		{0, "bytes=0-0", none, [2]int{}},
		{0, "bytes=-1", none, [2]int{}},
		// S3 ignores what it does not understand.
		{10, "bytes=5-2", "", [2]int{0, 10}},
		{10, "bytes=0-1,4-5", "", [2]int{0, 10}},
		{10, "bytes=+1-2", "", [2]int{0, 10}},
		{10, "bytes=-", "", [2]int{0, 10}},
		{10, "octets=0-1", "", [2]int{0, 10}},
	}
	s := s3test.New()
	c := s.Client()
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.size)+" "+tt.spec, func(t *testing.T) {
			data := pattern(tt.size)
			s.Put("b", "k", data)
			out, err := c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.Range = &tt.spec }))
			if tt.want == none {
				requireAPIError(t, err, 416, "InvalidRange")
				require.Equal(t, "bytes */"+strconv.Itoa(tt.size), rawHeader(t, s, tt.spec).Get("Content-Range"))
				return
			}
			require.NoError(t, err)
			require.Equal(t, data[tt.bytes[0]:tt.bytes[1]], readAll(t, out))
			require.EqualValues(t, tt.bytes[1]-tt.bytes[0], *out.ContentLength)
			require.Equal(t, tt.want, aws.ToString(out.ContentRange))
			if tt.want != "" {
				require.Nil(t, out.ChecksumCRC64NVME, "a range has no checksum, even if it is all of the object")
				require.Empty(t, out.ChecksumType)
			}
		})
	}
}

// rawHeader returns the header of the answer to a GET of b/k.
func rawHeader(t testing.TB, s *s3test.S3, spec string) http.Header {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://s3.test/b/k", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, ...")
	req.Header.Set("Range", spec)
	resp, err := s.HTTPClient().Do(req)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.Header
}

func TestGetPart(t *testing.T) {
	everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
		data := pattern(25)
		o := s.Put("b", "parts", data, func(o *s3test.Object) {
			o.Parts = s3test.EqualParts(25, 10)
			o.ChecksumAlgorithm = types.ChecksumAlgorithmSha256
		})
		require.Len(t, o.Parts, 3)
		require.Regexp(t, `^"[0-9a-f]{32}-3"$`, o.ETag)
		require.Regexp(t, `=-3$`, o.Checksum)
		for n, want := range map[int32]string{1: "bytes 0-9/25", 2: "bytes 10-19/25", 3: "bytes 20-24/25"} {
			out, err := c.GetObject(t.Context(), get("parts", func(in *s3.GetObjectInput) { in.PartNumber = &n }))
			require.NoError(t, err)
			require.Equal(t, data[(n-1)*10:min(n*10, 25)], readAll(t, out))
			require.Equal(t, want, *out.ContentRange)
			require.EqualValues(t, 3, *out.PartsCount)
			require.Equal(t, o.Parts[n-1].Checksum, *out.ChecksumSHA256)
			require.Equal(t, o.ETag, *out.ETag)

			head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("parts"), PartNumber: &n})
			require.NoError(t, err)
			require.EqualValues(t, o.Parts[n-1].Size, *head.ContentLength)
			require.EqualValues(t, 3, *head.PartsCount)
		}
		_, err := c.GetObject(t.Context(), get("parts", func(in *s3.GetObjectInput) { in.PartNumber = aws.Int32(4) }))
		requireAPIError(t, err, 416, "InvalidPartNumber")
		_, err = c.GetObject(t.Context(), get("parts", func(in *s3.GetObjectInput) {
			in.PartNumber, in.Range = aws.Int32(1), aws.String("bytes=0-1")
		}))
		requireAPIError(t, err, 400, "InvalidRequest")

		s.Put("b", "single", data)
		out, err := c.GetObject(t.Context(), get("single", func(in *s3.GetObjectInput) { in.PartNumber = aws.Int32(1) }))
		require.NoError(t, err)
		require.Equal(t, data, readAll(t, out))
		require.Equal(t, "bytes 0-24/25", *out.ContentRange)
		require.Nil(t, out.PartsCount)
	})
}

func TestGetConditions(t *testing.T) {
	s := s3test.New()
	c := s.Client()
	o := s.Put("b", "k", []byte("data"))
	before, after := o.LastModified.Add(-time.Hour), o.LastModified.Add(time.Hour)
	other := `"00000000000000000000000000000000"`
	tests := map[string]struct {
		set    func(*s3.GetObjectInput)
		status int
	}{
		"match":                      {func(in *s3.GetObjectInput) { in.IfMatch = &o.ETag }, 200},
		"match, no quotes":           {func(in *s3.GetObjectInput) { in.IfMatch = aws.String(o.ETag[1:33]) }, 200},
		"match any":                  {func(in *s3.GetObjectInput) { in.IfMatch = aws.String("*") }, 200},
		"match one of":               {func(in *s3.GetObjectInput) { in.IfMatch = aws.String(other + ", " + o.ETag) }, 200},
		"no match":                   {func(in *s3.GetObjectInput) { in.IfMatch = &other }, 412},
		"match beats unmodified":     {func(in *s3.GetObjectInput) { in.IfMatch, in.IfUnmodifiedSince = &o.ETag, &before }, 200},
		"unmodified":                 {func(in *s3.GetObjectInput) { in.IfUnmodifiedSince = &after }, 200},
		"unmodified, same time":      {func(in *s3.GetObjectInput) { in.IfUnmodifiedSince = &o.LastModified }, 200},
		"not unmodified":             {func(in *s3.GetObjectInput) { in.IfUnmodifiedSince = &before }, 412},
		"none match":                 {func(in *s3.GetObjectInput) { in.IfNoneMatch = &other }, 200},
		"none match fails":           {func(in *s3.GetObjectInput) { in.IfNoneMatch = &o.ETag }, 304},
		"none match beats modified":  {func(in *s3.GetObjectInput) { in.IfNoneMatch, in.IfModifiedSince = &other, &after }, 200},
		"modified":                   {func(in *s3.GetObjectInput) { in.IfModifiedSince = &before }, 200},
		"not modified":               {func(in *s3.GetObjectInput) { in.IfModifiedSince = &after }, 304},
		"not modified, same time":    {func(in *s3.GetObjectInput) { in.IfModifiedSince = &o.LastModified }, 304},
		"conditions before the size": {func(in *s3.GetObjectInput) { in.IfMatch, in.Range = &other, aws.String("bytes=100-") }, 412},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := c.GetObject(t.Context(), get("k", tt.set))
			switch tt.status {
			case 200:
				require.NoError(t, err)
				require.Equal(t, "data", string(readAll(t, out)))
			case 304:
				requireAPIError(t, err, 304, "NotModified")
			default:
				requireAPIError(t, err, 412, "PreconditionFailed")
			}
		})
	}
}

func TestGetResponseOverrides(t *testing.T) {
	s := s3test.New()
	s.Put("b", "k", []byte("data"))
	out, err := s.Client().GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) {
		in.ResponseContentType = aws.String("text/x-test")
		in.ResponseContentDisposition = aws.String(`attachment; filename="a b"`)
		in.ResponseCacheControl = aws.String("max-age=1")
		in.ResponseContentLanguage = aws.String("eo")
		in.ResponseContentEncoding = aws.String("identity")
		in.ResponseExpires = aws.Time(time.Unix(1e9, 0))
	}))
	require.NoError(t, err)
	readAll(t, out)
	require.Equal(t, "text/x-test", *out.ContentType)
	require.Equal(t, `attachment; filename="a b"`, *out.ContentDisposition)
	require.Equal(t, "max-age=1", *out.CacheControl)
	require.Equal(t, "eo", *out.ContentLanguage)
	require.Equal(t, "identity", *out.ContentEncoding)
	require.Equal(t, "Sun, 09 Sep 2001 01:46:40 GMT", *out.ExpiresString)
}

func TestGetMissing(t *testing.T) {
	everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
		_, err := c.GetObject(t.Context(), get("missing"))
		requireAPIError(t, err, 404, "NoSuchKey")
		require.ErrorAs(t, err, new(*types.NoSuchKey))
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("other"), Key: aws.String("k")})
		requireAPIError(t, err, 404, "NoSuchBucket")
		_, err = c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("missing")})
		requireAPIError(t, err, 404, "NotFound")
		_, err = c.GetObjectAcl(t.Context(), &s3.GetObjectAclInput{Bucket: aws.String("b"), Key: aws.String("k")}, noRetry)
		requireAPIError(t, err, 501, "NotImplemented")
	})
}

func TestVersions(t *testing.T) {
	s := s3test.New()
	c := s.Client()
	s.CreateBucket("b", true)
	first := s.Put("b", "k", []byte("first"))
	second := s.Put("b", "k", []byte("second"))
	require.NotEqual(t, first.VersionID, second.VersionID)

	out, err := c.GetObject(t.Context(), get("k"))
	require.NoError(t, err)
	require.Equal(t, "second", string(readAll(t, out)))
	require.Equal(t, second.VersionID, *out.VersionId)
	out, err = c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.VersionId = &first.VersionID }))
	require.NoError(t, err)
	require.Equal(t, "first", string(readAll(t, out)))

	del, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	require.NoError(t, err)
	require.True(t, *del.DeleteMarker)
	require.Empty(t, s.Keys("b"))
	require.Len(t, s.Versions("b", "k"), 3)
	_, err = c.GetObject(t.Context(), get("k"))
	requireAPIError(t, err, 404, "NoSuchKey")
	_, err = c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.VersionId = del.VersionId }))
	requireAPIError(t, err, 405, "MethodNotAllowed")
	_, err = c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.VersionId = aws.String("none") }))
	requireAPIError(t, err, 404, "NoSuchVersion")

	_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), VersionId: del.VersionId})
	require.NoError(t, err)
	o, ok := s.Object("b", "k")
	require.True(t, ok)
	require.Equal(t, second, o)

	for range 2 { // a suspended bucket has one null version
		_, err = c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String("b"),
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
		require.NoError(t, err)
		put, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(nil)})
		require.NoError(t, err)
		require.Equal(t, "null", *put.VersionId)
		require.Len(t, s.Versions("b", "k"), 3)
	}
	v, err := c.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: aws.String("b")})
	require.NoError(t, err)
	require.Equal(t, types.BucketVersioningStatusSuspended, v.Status)
}

func TestSSECustomerKey(t *testing.T) {
	everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
		raw := bytes.Repeat([]byte{7}, 32)
		digest := md5.Sum(raw)
		algorithm, key := aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString(raw))
		sum := aws.String(base64.StdEncoding.EncodeToString(digest[:]))
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader([]byte("secret")),
			SSECustomerAlgorithm: algorithm, SSECustomerKey: key, SSECustomerKeyMD5: sum})
		require.NoError(t, err)

		out, err := c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) {
			in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = algorithm, key, sum
		}))
		require.NoError(t, err)
		require.Equal(t, "secret", string(readAll(t, out)))
		require.Equal(t, *sum, *out.SSECustomerKeyMD5)

		_, err = c.GetObject(t.Context(), get("k"))
		requireAPIError(t, err, 400, "InvalidRequest")
		other := bytes.Repeat([]byte{8}, 32)
		otherSum := md5.Sum(other)
		_, err = c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) {
			in.SSECustomerAlgorithm, in.SSECustomerKey = algorithm, aws.String(base64.StdEncoding.EncodeToString(other))
			in.SSECustomerKeyMD5 = aws.String(base64.StdEncoding.EncodeToString(otherSum[:]))
		}))
		requireAPIError(t, err, 403, "AccessDenied")
		s.Put("b", "plain", nil)
		_, err = c.GetObject(t.Context(), get("plain", func(in *s3.GetObjectInput) {
			in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = algorithm, key, sum
		}))
		requireAPIError(t, err, 400, "InvalidRequest")
	})
}

func TestAdmission(t *testing.T) {
	s := s3test.New(func(o *s3test.Options) { o.Region, o.AccessKeyID, o.Owner = "eu-north-1", "test", "42" })
	s.Put("b", "k", []byte("data"))
	in := func(region string) *s3.Client { return s.Client(noRetry, func(o *s3.Options) { o.Region = region }) }

	out, err := in("eu-north-1").GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.ExpectedBucketOwner = aws.String("42") }))
	require.NoError(t, err)
	readAll(t, out)
	_, err = in("eu-north-1").GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.ExpectedBucketOwner = aws.String("43") }))
	requireAPIError(t, err, 403, "AccessDenied")
	_, err = in("us-east-1").GetObject(t.Context(), get("k"))
	requireAPIError(t, err, 400, "AuthorizationHeaderMalformed")
	anonymous := s.Client(noRetry, func(o *s3.Options) { o.Credentials = aws.AnonymousCredentials{} })
	_, err = anonymous.GetObject(t.Context(), get("k"))
	requireAPIError(t, err, 403, "AccessDenied")

	signed, err := s3.NewPresignClient(in("eu-north-1")).PresignGetObject(t.Context(), get("k"))
	require.NoError(t, err)
	resp, err := s.HTTPClient().Get(signed.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)

	// The bucket in the host.
	out, err = in("eu-north-1").GetObject(t.Context(), get("k"), func(o *s3.Options) { o.UsePathStyle = false })
	require.NoError(t, err)
	readAll(t, out)
}

// Whatever a Range header says, the answer fits together.
func FuzzGetRange(f *testing.F) {
	for _, spec := range []string{"bytes=0-", "bytes=-3", "bytes=2-4", "bytes=10-", "bytes=5-2", "bytes=0-1,4-5", "x"} {
		f.Add(spec, 10)
	}
	f.Add("bytes=-1", 0)
	f.Fuzz(func(t *testing.T, spec string, size int) {
		if size < 0 || size > 1000 || !validHeader(spec) {
			return
		}
		s := s3test.New()
		data := pattern(size)
		s.Put("b", "k", data)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://s3.test/b/k", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, ...")
		req.Header.Set("Range", spec)
		resp, err := s.HTTPClient().Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.EqualValues(t, len(body), resp.ContentLength)
		switch resp.StatusCode {
		case 200:
			require.Equal(t, data, body)
		case 206:
			var from, to, total int
			_, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total)
			require.NoError(t, err)
			require.Equal(t, size, total)
			require.NotEmpty(t, body)
			require.Equal(t, data[from:to+1], body)
		default:
			require.Equal(t, 416, resp.StatusCode)
		}
	})
}

func validHeader(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
