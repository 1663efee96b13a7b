package transfer_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestWriteToHoldsBack: the destination never has all of an object with a wrong byte in
// it, wherever that is, and whether a helper or the reader itself fetched the end.
func TestWriteToHoldsBack(t *testing.T) {
	for _, size := range []int{1, 100, testPart, 5*testPart + 100} {
		for _, algorithm := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha256} {
			fake := s3test.New()
			fake.Put("bucket", "key", pattern(size), func(o *s3test.Object) { o.ChecksumAlgorithm = algorithm })
			for _, at := range []int{0, size / 2, size - 1} {
				for _, concurrency := range []int{1, 3} {
					c, _ := withFaults(fake, flipAt(int64(at)))
					r, err := newClient(newPool(t), c, func(o *transfer.Options) { o.Concurrency = concurrency }).Open(t.Context(), get(""))
					require.NoError(t, err)
					var got bytes.Buffer
					n, err := r.WriteTo(&got)
					require.ErrorIs(t, err, transfer.ErrIntegrity, "byte %d of %d", at, size)
					require.EqualValues(t, got.Len(), n)
					require.Less(t, got.Len(), size, "byte %d of %d, %s", at, size, algorithm)
					_, err = r.Verify()
					require.ErrorIs(t, err, transfer.ErrIntegrity)
					require.NoError(t, r.Close())
				}
			}
		}
	}
}

// TestReadHoldsBackTheEnd: whoever reads as many bytes as there are, and stops, is not left
// with wrong ones.
func TestReadHoldsBackTheEnd(t *testing.T) {
	for _, size := range []int{1, 100, testPart, testPart + 1, 5*testPart + 7} {
		for _, algorithm := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha256} {
			fake := s3test.New()
			fake.Put("bucket", "key", pattern(size), func(o *s3test.Object) { o.ChecksumAlgorithm = algorithm })
			for _, at := range []int{-1, 0, size / 2, size - 1} {
				for _, step := range []int{1, 7 * kib, size} {
					if step == 1 && size > testPart {
						continue
					}
					api := fake.Client()
					if at >= 0 {
						api, _ = withFaults(fake, flipAt(int64(at)))
					}
					r, err := newClient(newPool(t), api).Open(t.Context(), get(""))
					require.NoError(t, err)
					got := make([]byte, r.Size())
					n := 0
					for n < len(got) && err == nil {
						var m int
						m, err = io.ReadFull(r, got[n:min(n+step, len(got))])
						n += m
					}
					what := fmt.Sprintf("%d bytes of %s, byte %d flipped, steps of %d", size, algorithm, at, step)
					if at < 0 {
						require.NoError(t, err, what)
						require.True(t, bytes.Equal(pattern(size), got), what)
						_, err = r.Read(got)
						require.Equal(t, io.EOF, err, what)
					} else {
						require.ErrorIs(t, err, transfer.ErrIntegrity, what)
						require.Less(t, n, size, what)
					}
					require.NoError(t, r.Close())
				}
			}
		}
	}
}
