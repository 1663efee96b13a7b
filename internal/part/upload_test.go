package part_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30
	tib = int64(1) << 40
)

func TestUploadSize(t *testing.T) {
	for name, c := range map[string]struct{ total, least, want int64 }{
		"empty":                 {0, 8 * mib, 8 * mib},
		"unknown":               {-1, 8 * mib, 8 * mib},
		"small":                 {1, 8 * mib, 8 * mib},
		"least raised":          {1, 1, 5 * mib},
		"least zero":            {1, 0, 5 * mib},
		"least lowered":         {1, 6 * gib, 5 * gib},
		"just enough":           {80_000 * mib, 8 * mib, 8 * mib},
		"one byte more":         {80_000*mib + 1, 8 * mib, 9 * mib},
		"80 GB":                 {80_000_000_000, 5 * mib, 8 * mib},
		"5 TiB":                 {5 * tib, 8 * mib, 525 * mib},
		"largest":               {part.MaxObject, 8 * mib, 5 * gib},
		"odd least":             {1, 8*mib + 1, 8*mib + 1},
		"odd least, not enough": {10_000*(8*mib+1) + 1, 8*mib + 1, 9 * mib},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := part.UploadSize(c.total, c.least, part.MinSize)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for _, total := range []int64{part.MaxObject + 1, 50 * tib, math.MaxInt64} {
		_, err := part.UploadSize(total, 8*mib, part.MinSize)
		require.ErrorContains(t, err, "S3 takes up to 53687091200000 (48.8 TiB)")
	}
}

// TestUploadSizeSuffices: never more than 10,000 parts, nor larger ones than
// needed.
func TestUploadSizeSuffices(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		total := rng.Int64N(int64(part.MaxObject)>>rng.IntN(30)) + 1
		least := rng.Int64N(64 * mib)
		size, err := part.UploadSize(total, least, part.MinSize)
		require.NoError(t, err)
		require.True(t, part.MinSize <= size && size <= part.MaxSize, "%d for %d", size, total)
		require.LessOrEqual(t, part.NewPlan(part.Range{To: total}, size).Parts(), int64(part.MaxParts))
		if size > max(least, part.MinSize) {
			require.Greater(t, part.NewPlan(part.Range{To: total}, size-mib).Parts(), int64(part.MaxParts))
		}
	}
}

func TestStreamSize(t *testing.T) {
	for _, c := range []struct{ least, total80, reach int64 }{
		{0, 60 * mib, 67 * tib / 10}, // 5 MiB
		{8 * mib, 56 * mib, 99 * tib / 10},
		{64 * mib, 112 * mib, 24 * tib},
		{5 * gib, 5 * gib, part.MaxObject},
		{math.MaxInt64, 5 * gib, part.MaxObject},
	} {
		var total, last int64
		var at80 int64 // the largest part of a stream of 80 GB
		for i := range part.MaxParts {
			size := part.StreamSize(i, c.least, part.MinSize)
			require.True(t, part.MinSize <= size && size <= part.MaxSize, "part %d of %d", i, size)
			require.GreaterOrEqual(t, size, last, "part %d", i)
			if last > 0 {
				require.LessOrEqual(t, size, last+last/4, "part %d grows by a quarter", i)
			}
			if total < 80_000_000_000 {
				at80 = size
			}
			total, last = total+size, size
		}
		require.GreaterOrEqual(t, total, c.reach, "least %d", c.least)
		require.Equal(t, c.total80, at80, "least %d", c.least)
	}
	require.Equal(t, 8*mib, part.StreamSize(-1, 8*mib, part.MinSize))
	require.Equal(t, part.StreamSize(9999, 8*mib, part.MinSize), part.StreamSize(10_000, 8*mib, part.MinSize))
	for i, want := range map[int]int64{0: 8, 249: 8, 250: 10, 500: 12, 750: 14, 1000: 16, 1250: 20, 9000: 4096, 9250: 5120, 9500: 5120} {
		require.Equal(t, want*mib, part.StreamSize(i, 8*mib, part.MinSize), "part %d", i)
	}
}
