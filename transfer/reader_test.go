package transfer_test

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

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
