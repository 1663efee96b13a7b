package crc_test

import (
	"math/rand/v2"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

func TestUpdateKnown(t *testing.T) {
	for a, want := range map[crc.Algorithm]uint64{
		crc.CRC32:     0xcbf43926,
		crc.CRC32C:    0xe3069283,
		crc.CRC64NVME: 0xae8b14860a799888,
	} {
		require.Equal(t, want, crc.Update(a, 0, []byte("123456789")), "%v", a)
		require.Equal(t, want, naive(a, []byte("123456789")), "%v: the test's own", a)
		require.Zero(t, crc.Update(a, 0, nil), "%v of nothing", a)
	}
}

// TestUpdateLengths covers the lengths and alignments at which the SIMD code
// changes hands.
func TestUpdateLengths(t *testing.T) {
	data := randomBytes(rand.New(rand.NewPCG(1, 2)), 4<<10)
	for _, a := range crcs {
		for _, n := range []int{0, 1, 7, 8, 15, 16, 63, 64, 127, 128, 129, 255, 1023, 1024, 1025, 2047, 4000} {
			for _, from := range []int{0, 1, 7, 15} {
				p := data[from : from+n]
				require.Equal(t, naive(a, p), crc.Update(a, 0, p), "%v of %d bytes from %d", a, n, from)
				cut := n / 3
				require.Equal(t, naive(a, p), crc.Update(a, crc.Update(a, 0, p[:cut]), p[cut:]),
					"%v of %d bytes from %d in two", a, n, from)
			}
		}
	}
}

func TestUpdateRefusesHashes(t *testing.T) {
	require.Panics(t, func() { crc.Update(crc.SHA256, 0, nil) })
	require.Panics(t, func() { crc.Update(crc.None, 0, nil) })
}

func TestAlgorithmNames(t *testing.T) {
	for _, a := range all {
		got, ok := crc.ParseAlgorithm(a.String())
		require.True(t, ok)
		require.Equal(t, a, got)
		require.Equal(t, len(naiveDigest(a, nil)), a.Size())
	}
	for _, name := range []string{"", "NONE", "crc32", "MD5", "XXHASH3"} {
		a, ok := crc.ParseAlgorithm(name)
		require.False(t, ok, name)
		require.Equal(t, crc.None, a)
	}
	require.Equal(t, "UNKNOWN", crc.Algorithm(200).String())
}
