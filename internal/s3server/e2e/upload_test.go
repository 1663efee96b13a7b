package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// stream hides what a body can do but Read.
type stream struct{ io.Reader }

// testUploads: what Put wrote, Get verifies, as one object.
func testUploads(t *testing.T, s *store) {
	c := s.client(t, func(o *transfer.Options) { o.PartSize, o.MultipartThreshold = uploadPart, uploadPart })
	for _, algorithm := range []types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "SHA256"} {
		for _, size := range []int{0, 1, 100_000, uploadPart, uploadPart + 1, 3*uploadPart + 7} {
			if algorithm != "" && size > 0 && size < 100_000 {
				continue
			}
			data := random(byte(size), size)
			for name, body := range map[string]io.Reader{
				"reader": bytes.NewReader(data), "length": bytes.NewBuffer(bytes.Clone(data)), "stream": stream{bytes.NewReader(data)},
			} {
				key := fmt.Sprintf("upload/%s%s-%d", algorithm, name, size)
				t.Run(key, func(t *testing.T) {
					in := s.input(key, nil)
					in.Body, in.ChecksumAlgorithm = body, algorithm
					in.ContentType, in.Metadata = aws.String("text/x-random"), map[string]string{"colour": "blue"}
					out, err := c.Put(t.Context(), in)
					require.NoError(t, err)
					require.EqualValues(t, size, out.Written)
					require.NotEmpty(t, aws.ToString(out.Output.ETag))

					o, err := c.Get(t.Context(), s.get(key))
					require.NoError(t, err)
					defer o.Release()
					requireSame(t, data, o.Bytes())
					require.True(t, o.Verification.Verified(), "%+v", o.Verification)
					require.Equal(t, out.ChecksumAlgorithm, o.Verification.Algorithm)
					if algorithm != "SHA256" {
						require.Equal(t, types.ChecksumTypeFullObject, o.Verification.Type)
					}
					require.Equal(t, "text/x-random", aws.ToString(o.Output.ContentType))
					require.Equal(t, "blue", o.Output.Metadata["colour"])
					requireNoUploads(t, s)
				})
			}
		}
	}
}

// testUploadsWithoutChecksum is for stores that refuse checksums.
func testUploadsWithoutChecksum(t *testing.T, s *store) {
	c := s.client(t, func(o *transfer.Options) {
		o.PartSize, o.MultipartThreshold, o.Checksum = uploadPart, uploadPart, transfer.ChecksumNever
	})
	for _, size := range []int{0, 1000, 2*uploadPart + 1} {
		data := random(9, size)
		in := s.input("unsealed", data)
		out, err := c.Put(t.Context(), in)
		require.NoError(t, err)
		require.Empty(t, out.ChecksumAlgorithm)
		o, err := c.Get(t.Context(), s.get("unsealed"))
		require.NoError(t, err)
		requireSame(t, data, o.Bytes())
		o.Release()
	}
}

// testUploadsFail: nothing is visible, and nothing is left.
func testUploadsFail(t *testing.T, s *store) {
	c := s.client(t, func(o *transfer.Options) { o.PartSize, o.MultipartThreshold = uploadPart, uploadPart })
	data := random(5, 3*uploadPart)
	boom := errors.New("boom")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, f := range []struct {
		name string
		body io.Reader
		want error
	}{
		{"body", io.MultiReader(bytes.NewReader(data), failing{func() error { return boom }}), boom},
		{"small body", io.MultiReader(bytes.NewReader(data[:100]), failing{func() error { return boom }}), boom},
		{"cancel", io.MultiReader(bytes.NewReader(data), failing{func() error { cancel(); <-ctx.Done(); return nil }}, bytes.NewReader(data)), context.Canceled},
	} {
		c := s.client(t, func(o *transfer.Options) { o.PartSize, o.MultipartThreshold = uploadPart, uploadPart })
		in := s.input("failed", nil)
		in.Body = f.body
		_, err := c.Put(ctx, in)
		require.ErrorIs(t, err, f.want, f.name)
		// A Put whose context has ended returns at once; the upload is aborted behind it.
		require.NoError(t, c.Close(t.Context()), f.name)
		_, err = s.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(s.bucket), Key: aws.String("failed")})
		require.Error(t, err, f.name)
		requireNoUploads(t, s)
	}

	// A wrong checksum of the caller's, and a condition that does not hold.
	s.put(t, "there", []byte("old"))
	for _, size := range []int{100, len(data)} {
		in := s.input("failed", data[:size])
		in.ChecksumCRC32 = aws.String("AAAAAA==")
		_, err := c.Put(t.Context(), in)
		require.Error(t, err)

		in = s.input("there", data[:size])
		in.IfNoneMatch = aws.String("*")
		_, err = c.Put(t.Context(), in)
		require.Error(t, err)
		o, err := c.Get(t.Context(), s.get("there"))
		require.NoError(t, err)
		requireSame(t, []byte("old"), o.Bytes())
		o.Release()
		requireNoUploads(t, s)
	}
}

type failing struct{ f func() error }

func (f failing) Read([]byte) (int, error) {
	if err := f.f(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

func requireNoUploads(t *testing.T, s *store) {
	t.Helper()
	out, err := s.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(s.bucket)})
	require.NoError(t, err)
	require.Empty(t, out.Uploads)
}
