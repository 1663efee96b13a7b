package crc

import (
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

// TestSum compares with a Stream, which compares with S3's own values.
func TestSum(t *testing.T) {
	data := make([]byte, 100_000)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	for _, a := range []Algorithm{CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512} {
		sum := NewSum(a)
		for rest := data; len(rest) > 0; {
			n, err := sum.Write(rest[:min(len(rest), 777)])
			require.NoError(t, err)
			rest = rest[n:]
		}
		stream, err := NewStream(sum.Value(), Layout{})
		require.NoError(t, err)
		stream.Write(data)
		require.NoError(t, stream.Verify(int64(len(data))), "%v", a)
		data[5]++
		stream, _ = NewStream(sum.Value(), Layout{})
		stream.Write(data)
		require.Error(t, stream.Verify(int64(len(data))), "%v", a)
		data[5]--
	}
}
