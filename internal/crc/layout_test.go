package crc_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

// requireLayout checks every method against the sizes.
func requireLayout(t *testing.T, l crc.Layout, sizes []int64) {
	t.Helper()
	require.Equal(t, len(sizes), l.Parts())
	var off int64
	for i, n := range sizes {
		gotOff, gotN := l.Part(i)
		require.Equal(t, [2]int64{off, n}, [2]int64{gotOff, gotN}, "part %d", i)
		for _, at := range []int64{off, off + n/2, off + n - 1} {
			if n > 0 {
				require.Equal(t, i, l.Index(at), "byte %d", at)
				require.Equal(t, off+n, l.End(at), "byte %d", at)
			}
		}
		off += n
	}
	require.Equal(t, off, l.Total())
	for _, at := range []int64{-1, off, off + 1, math.MaxInt64} {
		require.Equal(t, -1, l.Index(at), "byte %d", at)
		require.Equal(t, int64(math.MaxInt64), l.End(at), "byte %d", at)
	}
	require.Panics(t, func() { l.Part(len(sizes)) })
	require.Panics(t, func() { l.Part(-1) })
}

func TestEqualParts(t *testing.T) {
	for name, c := range map[string]struct {
		total, size int64
		want        []int64
	}{
		"empty":      {0, 8, []int64{0}},
		"empty, 0":   {0, 0, []int64{0}},
		"one":        {5, 8, []int64{5}},
		"one, whole": {8, 8, []int64{8}},
		"one more":   {9, 8, []int64{8, 1}},
		"even":       {24, 8, []int64{8, 8, 8}},
		"bytes":      {3, 1, []int64{1, 1, 1}},
		"beyond int": {20 << 30, 5 << 30, []int64{5 << 30, 5 << 30, 5 << 30, 5 << 30}},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := crc.EqualParts(c.total, c.size, len(c.want))
			require.NoError(t, err)
			requireLayout(t, l, c.want)
			_, err = crc.EqualParts(c.total, c.size, len(c.want)+1)
			require.ErrorContains(t, err, "the parts differ in size")
		})
	}
	for _, c := range []struct {
		total, size int64
		parts       int
	}{{-1, 8, 1}, {8, -8, 1}, {8, 0, 1}, {8, 8, 0}, {10001, 1, 10001}, {math.MaxInt64, 1, 10000}} {
		_, err := crc.EqualParts(c.total, c.size, c.parts)
		require.Error(t, err, "%+v", c)
	}
}

func TestPartSizes(t *testing.T) {
	forSeeds(t, 100, func(t *testing.T, rng *rand.Rand) {
		sizes := randomCuts(rng, 1+rng.IntN(1000), 20)
		if rng.IntN(4) == 0 {
			sizes = append(sizes, 0)
		}
		l, err := crc.PartSizes(sizes)
		require.NoError(t, err)
		requireLayout(t, l, sizes)
	})
	for name, sizes := range map[string][]int64{
		"none": {}, "negative": {5, -1}, "hole": {5, 0, 5}, "overflow": {math.MaxInt64, 1}, "many": make([]int64, 10001),
	} {
		_, err := crc.PartSizes(sizes)
		require.Error(t, err, name)
	}
}

func TestNoLayout(t *testing.T) {
	var l crc.Layout
	require.Equal(t, int64(math.MaxInt64), l.End(0))
	require.Equal(t, -1, l.Index(0))
	require.Zero(t, l.Parts())
}
