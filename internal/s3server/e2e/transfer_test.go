package e2e_test

import (
	"fmt"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

var crc64 = transfer.Verification{Algorithm: types.ChecksumAlgorithmCrc64nvme, Type: types.ChecksumTypeFullObject}

func testSizes(t *testing.T, s *store) {
	for _, size := range []int{0, 1, partSize - 1, partSize, partSize + 1, 3*partSize + 7, 9 * partSize} {
		key := fmt.Sprintf("size/%d", size)
		data := random(1, size)
		put := s.put(t, key, data, func(in *s3.PutObjectInput) {
			in.ContentType = aws.String("text/x-random")
			in.Metadata = map[string]string{"colour": "blue"}
		})
		eachSize(t, s, key, data, func(t *testing.T, d download) {
			require.Equal(t, aws.ToString(put.ETag), aws.ToString(d.output.ETag))
			require.Equal(t, "text/x-random", aws.ToString(d.output.ContentType))
			require.Equal(t, map[string]string{"colour": "blue"}, d.output.Metadata)
		})
	}
	data := random(2, 40_000_000)
	s.putParts(t, "size/large", data, types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject)
	eachSize(t, s, "size/large", data, func(*testing.T, download) {})
}

// eachSize downloads an object with a CRC64NVME in every way.
func eachSize(t *testing.T, s *store, key string, data []byte, check func(*testing.T, download)) {
	t.Helper()
	t.Run(key, func(t *testing.T) {
		eachCall(t, func(t *testing.T, c call) {
			d, err := c.do(t.Context(), t, s.client(t), s.get(key))
			require.NoError(t, err)
			requireSame(t, data, d.data)
			require.Equal(t, crc64, d.verification)
			check(t, d)
		})
	})
}

func testRanges(t *testing.T, s *store) {
	const size = 5*partSize + 100
	data := random(3, size)
	s.put(t, "range", data)
	for _, c := range []struct {
		rng      string
		from, to int
	}{
		{"bytes=0-0", 0, 1},
		{"bytes=10-", 10, size},
		{"bytes=-2000000", size - 2_000_000, size},
		{fmt.Sprintf("bytes=%d-%d", partSize-1, 3*partSize), partSize - 1, 3*partSize + 1},
		{fmt.Sprintf("bytes=%d-%d", partSize, 10*size), partSize, size},
	} {
		t.Run(c.rng, func(t *testing.T) {
			eachCall(t, func(t *testing.T, call call) {
				in := s.get("range")
				in.Range = aws.String(c.rng)
				d, err := call.do(t.Context(), t, s.client(t), in)
				require.NoError(t, err)
				requireSame(t, data[c.from:c.to], d.data)
				require.Equal(t, transfer.Verification{Reason: "a range of the object was asked for"}, d.verification)
			})
		})
	}
	t.Run("all", func(t *testing.T) {
		eachCall(t, func(t *testing.T, call call) {
			in := s.get("range")
			in.Range = aws.String("bytes=0-")
			d, err := call.do(t.Context(), t, s.client(t), in)
			require.NoError(t, err)
			requireSame(t, data, d.data)
			want := transfer.Verification{Reason: "the store sent no checksum"}
			if s.fullRangeChecksum {
				want = crc64
			}
			require.Equal(t, want, d.verification)
		})
	})
}

func testPartNumber(t *testing.T, s *store) {
	data := random(4, 2*uploadPart+100)
	s.putParts(t, "parts", data, types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite)
	for n, part := range [][]byte{data[:uploadPart], data[uploadPart : 2*uploadPart], data[2*uploadPart:]} {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) {
			eachCall(t, func(t *testing.T, c call) {
				in := s.get("parts")
				in.PartNumber = aws.Int32(int32(n + 1))
				d, err := c.do(t.Context(), t, s.client(t), in)
				require.NoError(t, err)
				requireSame(t, part, d.data)
				require.Equal(t, transfer.Verification{Reason: "one part of the object was asked for"}, d.verification)
				require.EqualValues(t, 3, aws.ToInt32(d.output.PartsCount))
			})
		})
	}
}
