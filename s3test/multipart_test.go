package s3test_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

func create(t testing.TB, c *s3.Client, fns ...func(*s3.CreateMultipartUploadInput)) *string {
	t.Helper()
	in := &s3.CreateMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k")}
	for _, fn := range fns {
		fn(in)
	}
	out, err := c.CreateMultipartUpload(t.Context(), in)
	require.NoError(t, err)
	return out.UploadId
}

func uploadPart(t testing.TB, c *s3.Client, id *string, n int32, data []byte, a types.ChecksumAlgorithm) types.CompletedPart {
	t.Helper()
	out, err := c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: id,
		PartNumber: &n, Body: bytes.NewReader(data), ChecksumAlgorithm: a})
	require.NoError(t, err)
	return types.CompletedPart{PartNumber: &n, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
		ChecksumCRC64NVME: out.ChecksumCRC64NVME, ChecksumSHA1: out.ChecksumSHA1, ChecksumSHA256: out.ChecksumSHA256}
}

func complete(t testing.TB, c *s3.Client, id *string, parts ...types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	t.Helper()
	return c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"),
		UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
}

func TestMultipart(t *testing.T) {
	composite, full := types.ChecksumTypeComposite, types.ChecksumTypeFullObject
	tests := map[string]struct {
		algorithm types.ChecksumAlgorithm
		kind      types.ChecksumType // asked for
		want      types.ChecksumType
	}{
		"crc32":           {types.ChecksumAlgorithmCrc32, "", composite},
		"crc32 composite": {types.ChecksumAlgorithmCrc32, composite, composite},
		"crc32 full":      {types.ChecksumAlgorithmCrc32, full, full},
		"crc32c full":     {types.ChecksumAlgorithmCrc32c, full, full},
		"crc64nvme":       {types.ChecksumAlgorithmCrc64nvme, "", full},
		"sha1":            {types.ChecksumAlgorithmSha1, "", composite},
		"sha256":          {types.ChecksumAlgorithmSha256, "", composite},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			everyWay(t, s3test.Options{MinPartSize: 10}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
				data := pattern(25)
				id := create(t, c, func(in *s3.CreateMultipartUploadInput) {
					in.ChecksumAlgorithm, in.ChecksumType = tt.algorithm, tt.kind
					in.ContentType = aws.String("text/plain")
				})
				// Out of order, with a gap, and one of them twice.
				p9 := uploadPart(t, c, id, 9, data[20:], tt.algorithm)
				uploadPart(t, c, id, 3, pattern(3), tt.algorithm)
				p3 := uploadPart(t, c, id, 3, data[10:20], tt.algorithm)
				p1 := uploadPart(t, c, id, 1, data[:10], tt.algorithm)
				require.Len(t, s.Uploads("b"), 1)
				require.Len(t, s.Uploads("b")[0].Parts, 3)

				out, err := complete(t, c, id, p1, p3, p9)
				require.NoError(t, err)
				require.Equal(t, tt.want, out.ChecksumType)
				require.Empty(t, s.Uploads("b"))
				o, ok := s.Object("b", "k")
				require.True(t, ok)
				require.Equal(t, data, o.Data)
				require.Equal(t, *out.ETag, o.ETag)
				require.Regexp(t, `^"[0-9a-f]{32}-3"$`, o.ETag)
				require.Equal(t, tt.algorithm, o.ChecksumAlgorithm)
				require.Equal(t, tt.want, o.ChecksumType)
				require.Equal(t, tt.want == composite, len(o.Checksum) > 2 && o.Checksum[len(o.Checksum)-2:] == "-3")
				require.Equal(t, "text/plain", o.Header.Get("Content-Type"))

				direct := s.Put("b", "direct", data, func(o *s3test.Object) {
					o.Parts, o.ChecksumAlgorithm, o.ChecksumType = s3test.EqualParts(25, 10), tt.algorithm, tt.want
				})
				require.Equal(t, direct.ETag, o.ETag)
				require.Equal(t, direct.Checksum, o.Checksum)
				require.Equal(t, direct.Parts, o.Parts)

				again, err := complete(t, c, id, p1, p3, p9)
				require.NoError(t, err, "a lost answer can be asked for again")
				require.Equal(t, *out.ETag, *again.ETag)

				got, err := c.GetObject(t.Context(), get("k"))
				require.NoError(t, err)
				require.Equal(t, data, readAll(t, got))
			})
		})
	}
}

func TestMultipartRefused(t *testing.T) {
	s := s3test.New(func(o *s3test.Options) { o.MinPartSize = 10 })
	s.CreateBucket("b", false)
	c := s.Client(noRetry)
	id := create(t, c)
	p1 := uploadPart(t, c, id, 1, pattern(10), "")
	p2 := uploadPart(t, c, id, 2, pattern(9), "")
	p3 := uploadPart(t, c, id, 3, pattern(10), "")

	_, err := complete(t, c, id, p2, p1)
	requireAPIError(t, err, 400, "InvalidPartOrder")
	_, err = complete(t, c, id, p1, p1)
	requireAPIError(t, err, 400, "InvalidPartOrder")
	_, err = complete(t, c, id, p1, p2, p3)
	requireAPIError(t, err, 400, "EntityTooSmall")
	_, err = complete(t, c, id)
	requireAPIError(t, err, 400, "MalformedXML")
	_, err = complete(t, c, id, types.CompletedPart{PartNumber: aws.Int32(4), ETag: p1.ETag})
	requireAPIError(t, err, 400, "InvalidPart")
	_, err = complete(t, c, id, types.CompletedPart{PartNumber: aws.Int32(1), ETag: p2.ETag})
	requireAPIError(t, err, 400, "InvalidPart")
	_, err = complete(t, c, id, types.CompletedPart{PartNumber: aws.Int32(1), ETag: p1.ETag, ChecksumCRC32: aws.String("AAAAAA==")})
	requireAPIError(t, err, 400, "InvalidPart")
	_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"),
		UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{p1}}, ChecksumCRC64NVME: aws.String("AAAAAAAAAAA=")})
	requireAPIError(t, err, 400, "BadDigest")
	_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"),
		UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{p1}}, MpuObjectSize: aws.Int64(11)})
	requireAPIError(t, err, 400, "InvalidRequest")
	_, err = c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: aws.String("x"),
		PartNumber: aws.Int32(1), Body: bytes.NewReader(nil)})
	requireAPIError(t, err, 404, "NoSuchUpload")
	_, err = c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: id,
		PartNumber: aws.Int32(10_001), Body: bytes.NewReader(nil)})
	requireAPIError(t, err, 400, "InvalidArgument")

	sha := create(t, c, func(in *s3.CreateMultipartUploadInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 })
	_, err = c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: sha,
		PartNumber: aws.Int32(1), Body: bytes.NewReader(nil), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	requireAPIError(t, err, 400, "InvalidRequest")
	p := uploadPart(t, c, sha, 1, nil, types.ChecksumAlgorithmSha256)
	p.ChecksumSHA256 = nil
	_, err = complete(t, c, sha, p)
	requireAPIError(t, err, 400, "InvalidRequest")
	_, err = c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeFullObject})
	requireAPIError(t, err, 400, "InvalidRequest")

	for _, u := range []*string{id, sha} {
		_, err = c.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: u})
		require.NoError(t, err)
	}
	require.Empty(t, s.Uploads("b"))
	require.Empty(t, s.Keys("b"))
	_, err = complete(t, c, id, p1)
	requireAPIError(t, err, 404, "NoSuchUpload")
}

func TestListUploadsAndParts(t *testing.T) {
	s := s3test.New()
	s.CreateBucket("b", false)
	c := s.Client()
	id := create(t, c)
	create(t, c)
	for n := range int32(5) {
		uploadPart(t, c, id, n+1, pattern(int(n)), "")
	}
	var sizes []int64
	parts := s3.NewListPartsPaginator(c, &s3.ListPartsInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: id, MaxParts: aws.Int32(2)})
	for parts.HasMorePages() {
		page, err := parts.NextPage(t.Context())
		require.NoError(t, err)
		for _, p := range page.Parts {
			sizes = append(sizes, *p.Size)
		}
	}
	require.Equal(t, []int64{0, 1, 2, 3, 4}, sizes)

	var ids []string
	uploads := s3.NewListMultipartUploadsPaginator(c, &s3.ListMultipartUploadsInput{Bucket: aws.String("b"), MaxUploads: aws.Int32(1)})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(t.Context())
		require.NoError(t, err)
		for _, u := range page.Uploads {
			ids = append(ids, *u.UploadId)
		}
	}
	require.Len(t, ids, 2)
	require.Equal(t, *id, ids[0])
}

// The manager is the client that most programs use.
func TestManager(t *testing.T) {
	everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
		data := pattern(12 << 20)
		_, err := manager.NewUploader(c).Upload(t.Context(), put(data)) //nolint:staticcheck // what users have
		require.NoError(t, err)
		o, _ := s.Object("b", "k")
		require.Equal(t, data, o.Data)
		require.Len(t, o.Parts, 3)
		require.Equal(t, types.ChecksumTypeComposite, o.ChecksumType)

		w := manager.NewWriteAtBuffer(make([]byte, 0, len(data)))
		_, err = manager.NewDownloader(c).Download(t.Context(), w, get("k")) //nolint:staticcheck // what users have
		require.NoError(t, err)
		require.Equal(t, data, w.Bytes())
	})
}

// TestMultipartForgets: a program that uploads and deletes for hours does not fill the
// memory with what it has uploaded, though a Complete that is repeated soon is answered.
func TestMultipartForgets(t *testing.T) {
	s := s3test.New()
	s.CreateBucket("b", false)
	c := s.Client()
	data := make([]byte, 8<<20)
	upload := func() (id *string, part types.CompletedPart, etag string) {
		id = create(t, c)
		part = uploadPart(t, c, id, 1, data, "")
		out, err := complete(t, c, id, part)
		require.NoError(t, err)
		return id, part, *out.ETag
	}
	id, part, etag := upload()
	before := live()
	for range 20 {
		upload()
		s.Delete("b", "k")
	}
	require.Less(t, live(), before+32<<20)
	out, err := complete(t, c, id, part)
	require.NoError(t, err)
	require.Equal(t, etag, *out.ETag)
}

// live returns the bytes of the heap that are in use.
func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
