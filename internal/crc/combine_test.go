package crc_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

func TestCombine(t *testing.T) {
	forSeeds(t, 300, func(t *testing.T, rng *rand.Rand) {
		data := randomBytes(rng, rng.IntN(2000))
		cut := rng.IntN(len(data) + 1)
		a, b := data[:cut], data[cut:]
		for _, alg := range crcs {
			got := crc.Combine(alg, naive(alg, a), naive(alg, b), int64(len(b)))
			require.Equal(t, naive(alg, data), got, "%v of %d and %d bytes", alg, len(a), len(b))
		}
	})
}

// TestCombineLong combines lengths that no test can hash. CRCs of A, B and C
// must not depend on what is joined first.
func TestCombineLong(t *testing.T) {
	forSeeds(t, 200, func(t *testing.T, rng *rand.Rand) {
		for _, alg := range crcs {
			a, b, c := rng.Uint64(), rng.Uint64(), rng.Uint64()
			if alg != crc.CRC64NVME {
				a, b, c = a>>32, b>>32, c>>32
			}
			lenB, lenC := rng.Int64N(math.MaxInt64/2), rng.Int64N(math.MaxInt64/2)
			left := crc.Combine(alg, crc.Combine(alg, a, b, lenB), c, lenC)
			right := crc.Combine(alg, a, crc.Combine(alg, b, c, lenC), lenB+lenC)
			require.Equal(t, left, right, "%v", alg)
		}
	})
}

// TestCombineZeros compares with 5 GiB of zeros, doubled up from one byte.
func TestCombineZeros(t *testing.T) {
	for _, alg := range crcs {
		zeros, n := naive(alg, []byte{0}), int64(1)
		for n < 1<<33 {
			zeros, n = crc.Combine(alg, zeros, zeros, n), 2*n
			if n == 1<<16 {
				require.Equal(t, naive(alg, make([]byte, n)), zeros, "%v", alg)
			}
		}
	}
}

func TestCombineRefuses(t *testing.T) {
	require.Panics(t, func() { crc.Combine(crc.CRC32, 0, 0, -1) })
	require.Panics(t, func() { crc.Combine(crc.SHA1, 0, 0, 1) })
	require.Panics(t, func() { crc.Combine(crc.None, 0, 0, 1) })
}

func FuzzCombine(f *testing.F) {
	f.Add(uint8(0), []byte("123456789"), 4)
	f.Add(uint8(1), []byte("123456789"), 0)
	f.Add(uint8(2), []byte("123456789"), 9)
	f.Fuzz(func(t *testing.T, alg uint8, data []byte, cut int) {
		a := crcs[int(alg)%len(crcs)]
		if cut < 0 || cut > len(data) {
			return
		}
		front, back := crc.Update(a, 0, data[:cut]), crc.Update(a, 0, data[cut:])
		require.Equal(t, naive(a, data), crc.Combine(a, front, back, int64(len(data)-cut)))
	})
}
