package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// random returns bytes that do not compress, the same for the same seed.
func random(seed byte, n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// requireSame compares by SHA-256, and reports no more than that: the objects are
// too large to print.
func requireSame(t *testing.T, want, got []byte) {
	t.Helper()
	require.Len(t, got, len(want), "bytes")
	require.Equal(t, sha256.Sum256(want), sha256.Sum256(got), "SHA-256")
}

func (s *store) get(key string) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: aws.String(s.bucket), Key: aws.String(key)}
}

func (s *store) input(key string, data []byte) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: aws.String(s.bucket), Key: aws.String(key), Body: bytes.NewReader(data)}
}

// put uploads an object in one request. No more than 16 MiB: MinIO takes no larger
// aws-chunk over HTTPS, and the SDK makes it one.
func (s *store) put(t *testing.T, key string, data []byte, optFns ...func(*s3.PutObjectInput)) *s3.PutObjectOutput {
	t.Helper()
	in := s.input(key, data)
	in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc64nvme
	for _, fn := range optFns {
		fn(in)
	}
	out, err := s.Client().PutObject(t.Context(), in)
	require.NoError(t, err, "PUT of %d bytes", len(data))
	return out
}

func with(a types.ChecksumAlgorithm) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = a }
}

// putParts uploads an object in parts of these sizes, and then of uploadPart.
func (s *store) putParts(t *testing.T, key string, data []byte, algorithm types.ChecksumAlgorithm, kind types.ChecksumType, sizes ...int) {
	t.Helper()
	client := s.Client()
	bucket, name := aws.String(s.bucket), aws.String(key)
	upload, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: bucket, Key: name, ChecksumAlgorithm: algorithm, ChecksumType: kind,
	})
	require.NoError(t, err)
	var parts []types.CompletedPart
	for n := int32(1); len(data) > 0; n++ {
		size := uploadPart
		if len(sizes) > 0 {
			size, sizes = sizes[0], sizes[1:]
		}
		size = min(size, len(data))
		out, err := client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: bucket, Key: name, UploadId: upload.UploadId, PartNumber: aws.Int32(n),
			Body: bytes.NewReader(data[:size]), ChecksumAlgorithm: algorithm,
		})
		require.NoError(t, err, "part %d", n)
		parts = append(parts, types.CompletedPart{
			PartNumber: aws.Int32(n), ETag: out.ETag,
			ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
			ChecksumCRC64NVME: out.ChecksumCRC64NVME, ChecksumSHA256: out.ChecksumSHA256,
		})
		data = data[size:]
	}
	_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: name, UploadId: upload.UploadId, ChecksumType: kind,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	require.NoError(t, err, "complete the upload")
}
