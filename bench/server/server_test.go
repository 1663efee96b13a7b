package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/crc64nvme"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/server"
)

// eachTarget runs test against every server over HTTP and HTTPS.
func eachTarget(t *testing.T, test func(*testing.T, *server.Target)) {
	for _, kind := range server.Kinds() {
		for _, tls := range []bool{false, true} {
			target, err := server.Start(t.Context(), kind, server.Options{TLS: tls, KeepUploads: true})
			if errors.Is(err, server.ErrScheme) {
				continue
			}
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, target.Close()) })
			t.Run(kind+"/"+target.Scheme, func(t *testing.T) { test(t, target) })
		}
	}
}

// TestRanges holds the range server to what a real S3 does.
func TestRanges(t *testing.T) {
	const size = 100 << 10
	want := server.Content(size)
	cases := []struct {
		name, header string
		contentRange string
		body         []byte
	}{
		{"none", "", "", want},
		{"first byte", "bytes=0-0", "bytes 0-0/102400", want[:1]},
		{"middle", "bytes=1000-1999", "bytes 1000-1999/102400", want[1000:2000]},
		{"over the end", "bytes=102000-999999", "bytes 102000-102399/102400", want[102000:]},
		{"whole", "bytes=0-5242879", "bytes 0-102399/102400", want},
		{"open", "bytes=102399-", "bytes 102399-102399/102400", want[size-1:]},
		{"suffix", "bytes=-10", "bytes 102390-102399/102400", want[size-10:]},
		{"long suffix", "bytes=-999999", "bytes 0-102399/102400", want},
	}
	eachTarget(t, func(t *testing.T, target *server.Target) {
		client := target.Client()
		key, err := target.Object(t.Context(), size)
		require.NoError(t, err)
		in := s3.GetObjectInput{Bucket: &target.Bucket, Key: &key}
		var etag string
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				in := in
				if c.header != "" {
					in.Range = &c.header
				}
				out, err := client.GetObject(t.Context(), &in)
				require.NoError(t, err)
				defer out.Body.Close()
				got, err := io.ReadAll(out.Body)
				require.NoError(t, err)
				require.True(t, bytes.Equal(c.body, got), "wrong bytes, %d of them", len(got))
				require.Equal(t, int64(len(c.body)), *out.ContentLength)
				require.Equal(t, c.contentRange, aws.ToString(out.ContentRange))
				require.NotEmpty(t, *out.ETag)
				etag = *out.ETag
			})
		}
		for _, header := range []string{"bytes=102400-", "bytes=102400-102401", "bytes=-0"} {
			t.Run("416 "+header, func(t *testing.T) {
				in := in
				in.Range = &header
				_, err := client.GetObject(t.Context(), &in)
				require.Equal(t, http.StatusRequestedRangeNotSatisfiable, statusOf(err), "%v", err)
			})
		}
		t.Run("416 of an empty object", func(t *testing.T) {
			key, err := target.Object(t.Context(), 0)
			require.NoError(t, err)
			_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &target.Bucket, Key: &key, Range: aws.String("bytes=0-5242879")})
			require.Equal(t, http.StatusRequestedRangeNotSatisfiable, statusOf(err), "%v", err)
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &target.Bucket, Key: &key})
			require.NoError(t, err)
			require.Zero(t, *out.ContentLength)
			require.NoError(t, out.Body.Close())
		})
		t.Run("checksum", func(t *testing.T) {
			in := in
			in.ChecksumMode = types.ChecksumModeEnabled
			out, err := client.GetObject(t.Context(), &in)
			require.NoError(t, err)
			got, err := io.ReadAll(out.Body) // which the SDK validates
			require.NoError(t, err)
			require.NoError(t, out.Body.Close())
			require.True(t, bytes.Equal(want, got), "wrong bytes")
			sum, err := base64.StdEncoding.DecodeString(aws.ToString(out.ChecksumCRC64NVME))
			require.NoError(t, err)
			require.Equal(t, crc64nvme.Checksum(want), binary.BigEndian.Uint64(sum))
			require.Equal(t, types.ChecksumTypeFullObject, out.ChecksumType)

			in.Range = aws.String("bytes=0-0")
			out, err = client.GetObject(t.Context(), &in)
			require.NoError(t, err)
			require.NoError(t, out.Body.Close())
			require.Nil(t, out.ChecksumCRC64NVME, "of a range")
		})
		t.Run("If-Match", func(t *testing.T) {
			in := in
			in.IfMatch = &etag
			out, err := client.GetObject(t.Context(), &in)
			require.NoError(t, err)
			require.NoError(t, out.Body.Close())
			in.IfMatch = aws.String(`"other"`)
			_, err = client.GetObject(t.Context(), &in)
			require.Equal(t, http.StatusPreconditionFailed, statusOf(err), "%v", err)
		})
		t.Run("404", func(t *testing.T) {
			_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &target.Bucket, Key: aws.String("nobody")})
			require.Equal(t, http.StatusNotFound, statusOf(err), "%v", err)
		})
		t.Run("HEAD", func(t *testing.T) {
			out, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &target.Bucket, Key: &key})
			require.NoError(t, err)
			require.Equal(t, int64(size), *out.ContentLength)
			require.Equal(t, etag, *out.ETag)
		})
	})
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

func TestUploadsAreKept(t *testing.T) {
	eachTarget(t, func(t *testing.T, target *server.Target) {
		client := target.Client()
		read := func(key string) []byte {
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &target.Bucket, Key: &key})
			require.NoError(t, err)
			defer out.Body.Close()
			b, err := io.ReadAll(out.Body)
			require.NoError(t, err)
			return b
		}
		for _, c := range []struct {
			name  string
			size  int
			parts int
		}{{"empty", 0, 0}, {"one", 1, 0}, {"single", 100_000, 0}, {"parts", 11 << 20, 3}} {
			t.Run(c.name, func(t *testing.T) {
				want := server.Content(c.size)
				out, err := manager.NewUploader(client).Upload(t.Context(), &s3.PutObjectInput{
					Bucket: &target.Bucket, Key: aws.String(target.Key(c.name)), Body: bytes.NewReader(want),
				})
				require.NoError(t, err)
				require.Len(t, out.CompletedParts, c.parts)
				require.True(t, bytes.Equal(want, read(target.Key(c.name))), "wrong bytes came back")
			})
		}
		t.Run("unknown upload", func(t *testing.T) {
			_, err := client.UploadPart(t.Context(), &s3.UploadPartInput{
				Bucket: &target.Bucket, Key: aws.String(target.Key("x")), UploadId: aws.String("none"),
				PartNumber: aws.Int32(1), Body: strings.NewReader("x"),
			})
			require.Equal(t, http.StatusNotFound, statusOf(err), "%v", err)
		})
		t.Run("abort", func(t *testing.T) {
			key := aws.String(target.Key("aborted"))
			up, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &target.Bucket, Key: key})
			require.NoError(t, err)
			_, err = client.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: &target.Bucket, Key: key, UploadId: up.UploadId})
			require.NoError(t, err)
			_, err = client.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: &target.Bucket, Key: key, UploadId: up.UploadId})
			require.Error(t, err)
		})
	})
}

func TestUploadsAreDiscarded(t *testing.T) {
	target, err := server.Start(t.Context(), "range", server.Options{})
	require.NoError(t, err)
	defer target.Close()
	client := target.Client()
	for _, size := range []int{1, 11 << 20} {
		_, err = manager.NewUploader(client).Upload(t.Context(), &s3.PutObjectInput{
			Bucket: &target.Bucket, Key: aws.String("upload"), Body: bytes.NewReader(server.Content(size)),
		})
		require.NoError(t, err)
	}
	_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &target.Bucket, Key: aws.String("upload")})
	require.Equal(t, http.StatusNotFound, statusOf(err), "%v", err)
}

func TestStartUnknown(t *testing.T) {
	_, err := server.Start(context.Background(), "ftp", server.Options{})
	require.ErrorContains(t, err, `"ftp"`)
}

func TestContentIsPrefixOfLarger(t *testing.T) {
	large := server.Content(100_001)
	for _, n := range []int{0, 1, 7, 4096, 100_000} {
		require.True(t, bytes.Equal(large[:n], server.Content(n)), "of %d bytes", n)
	}
	require.NotEqual(t, large[:1000], large[1000:2000])
}
