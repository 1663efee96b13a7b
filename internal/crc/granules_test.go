package crc_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

// minGranule is the smallest granule. Parts that end at multiples of it need no second
// look.
const minGranule = 4 << 10

// randomParts cuts n bytes into parts of one kind or another.
func randomParts(rng *rand.Rand, n int) []int64 {
	var sizes []int64
	cut := func(size func() int) {
		for left := n; left > 0; {
			piece := min(left, size())
			sizes = append(sizes, int64(piece))
			left -= piece
		}
	}
	switch rng.IntN(5) {
	case 0: // equal, granules among them or not
		size := 1 + rng.IntN(n+1)
		size = max(size, n/100+1)
		cut(func() int { return size })
	case 1: // aligned, of any size
		cut(func() int { return minGranule * (1 + rng.IntN(9)) })
	case 2: // many in one granule
		size := n/200 + 1
		cut(func() int { return 1 + rng.IntN(2*size) })
	default:
		sizes = randomCuts(rng, n, 1+rng.IntN(12))
	}
	if len(sizes) == 0 || rng.IntN(5) == 0 {
		sizes = append(sizes, 0) // S3 accepts an empty last part
	}
	return sizes
}

// aligned reports whether no part of an object ends between two multiples of the smallest
// granule. Larger granules may still need a source.
func aligned(sizes []int64) bool {
	var off, total int64
	for _, n := range sizes {
		total += n
	}
	for _, n := range sizes {
		off += n
		if off < total && off%minGranule != 0 {
			return false
		}
	}
	return true
}

// A counting source knows how many bytes were read again.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += n
	return n, err
}

// TestComposite verifies objects in parts of all kinds that arrive in ranges of all kinds.
func TestComposite(t *testing.T) {
	forSeeds(t, 400, func(t *testing.T, rng *rand.Rand) {
		data := randomBytes(rng, rng.IntN(200<<10)>>rng.IntN(17))
		sizes := randomParts(rng, len(data))
		layout, err := crc.PartSizes(sizes)
		require.NoError(t, err)
		a := []crc.Algorithm{crc.CRC32, crc.CRC32C}[rng.IntN(2)]
		want, err := crc.Parse(a, naiveComposite(a, data, sizes))
		require.NoError(t, err)
		verifier := func(data []byte) *crc.Verifier {
			v, err := crc.NewVerifier(want, layout.Total())
			require.NoError(t, err)
			hashRanges(rng, v, data)
			return v
		}

		v := verifier(data)
		src := &counting{ReaderAt: bytes.NewReader(data)}
		require.NoError(t, v.VerifyParts(layout, src))
		require.NoError(t, v.VerifyParts(layout, src), "again")
		err = v.VerifyParts(layout, nil)
		if src.n == 0 {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, crc.ErrUnaligned)
		if len(data) < len(sizes)*32*minGranule {
			require.False(t, aligned(sizes), "parts of %v", sizes)
		}

		// Another part count, size, or content.
		if n := len(data); n > 0 {
			other, err := crc.PartSizes(append([]int64{1}, sizes...))
			require.NoError(t, err)
			require.ErrorContains(t, v.VerifyParts(other, src), "parts")
			sizes[len(sizes)-1]++
			other, err = crc.PartSizes(sizes)
			require.NoError(t, err)
			require.ErrorIs(t, v.VerifyParts(other, src), crc.ErrIncomplete)

			bad := bytes.Clone(data)
			bad[rng.IntN(n)] ^= 1 << rng.IntN(8)
			var mismatch *crc.Mismatch
			require.ErrorAs(t, verifier(bad).VerifyParts(layout, bytes.NewReader(bad)), &mismatch)
			require.ErrorIs(t, verifier(data[:n-1]).VerifyParts(layout, src), crc.ErrIncomplete)
		}
	})
}

// TestCompositeAligned: the parts that people make need no second look: a multiple of a MiB
// each, or of the granules that so many parts give.
func TestCompositeAligned(t *testing.T) {
	for name, c := range map[string]struct {
		parts int
		size  int64
		last  int64
	}{
		"5 MiB":          {parts: 10_000, size: 5 << 20, last: 1},
		"8 MiB":          {parts: 3, size: 8 << 20, last: 8 << 20},
		"17 MiB":         {parts: 700, size: 17 << 20, last: 1234},
		"5 GiB":          {parts: 10, size: 5 << 30, last: 7},
		"1 TiB":          {parts: 2_000, size: 512 << 20, last: 5 << 20},
		"one":            {parts: 1, last: 100 << 20},
		"empty":          {parts: 1},
		"empty last one": {parts: 2, size: 64 << 10, last: 0},
	} {
		t.Run(name, func(t *testing.T) {
			sizes := make([]int64, c.parts)
			for i := range sizes {
				sizes[i] = c.size
			}
			sizes[c.parts-1] = c.last
			layout, err := crc.PartSizes(sizes)
			require.NoError(t, err)
			g := crc.NewGranules(crc.CRC32C, layout.Total(), c.parts)
			for off := int64(0); off < layout.Total(); {
				end := g.End(off)
				g.Add(off, end-off, 0)
				off = end
			}
			got, err := g.Composite(layout, nil)
			require.NoError(t, err)
			require.Equal(t, c.parts, got.Parts)
		})
	}
}

// TestCompositeSource: what is read again must be what has been hashed.
func TestCompositeSource(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 2000)
	sizes := []int64{5000, 7000, 8000}
	layout, err := crc.PartSizes(sizes)
	require.NoError(t, err)
	want, err := crc.Parse(crc.CRC32, naiveComposite(crc.CRC32, data, sizes))
	require.NoError(t, err)
	v, err := crc.NewVerifier(want, int64(len(data)))
	require.NoError(t, err)
	hashRanges(rand.New(rand.NewPCG(1, 1)), v, data)
	for at := range []int{4096, 5000, 8191, 12000} {
		bad := bytes.Clone(data)
		bad[4096+at]++
		err := v.VerifyParts(layout, bytes.NewReader(bad))
		require.ErrorContains(t, err, "not those that arrived")
		var mismatch *crc.Mismatch
		require.False(t, errors.As(err, &mismatch), "the object is not to blame")
	}
	require.ErrorIs(t, v.VerifyParts(layout, bytes.NewReader(data[:5000])), crc.ErrUnaligned)
	require.ErrorIs(t, v.VerifyParts(layout, bytes.NewReader(data[:5000])), io.EOF)
	require.ErrorIs(t, v.VerifyParts(layout, nil), crc.ErrUnaligned)
	require.NoError(t, v.VerifyParts(layout, bytes.NewReader(data)))
}

func TestGranulesSpoiled(t *testing.T) {
	layout, err := crc.EqualParts(5*minGranule, 2*minGranule, 3)
	require.NoError(t, err)
	for name, spoil := range map[string]func(g *crc.Granules){
		"nothing":                 func(*crc.Granules) {},
		"piece twice":             func(g *crc.Granules) { g.Add(minGranule+12, 2, 0) },
		"piece of a done granule": func(g *crc.Granules) { g.Add(0, 2, 0) },
		"outside of the object":   func(g *crc.Granules) { g.Add(5*minGranule, 1, 0) },
		"far outside":             func(g *crc.Granules) { g.Add(math.MaxInt64-5, 5, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			g := crc.NewGranules(crc.CRC32C, layout.Total(), 3)
			g.Add(0, minGranule, 0)
			g.Add(minGranule+11, 3, 0)
			spoil(g)
			g.Add(minGranule, 11, 0)
			g.Add(minGranule+14, minGranule-14, 0)
			g.Add(4*minGranule, minGranule, 0)
			_, err := g.Composite(layout, nil)
			require.ErrorIs(t, err, crc.ErrIncomplete)
			g.Add(2*minGranule, minGranule, 0)
			g.Add(3*minGranule, minGranule, 0)
			g.Add(3*minGranule, 0, 0)
			_, err = g.Composite(layout, nil)
			if name == "nothing" {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, crc.ErrIncomplete)
			}
		})
	}
	g := crc.NewGranules(crc.CRC32C, layout.Total(), 3)
	require.Panics(t, func() { g.Add(minGranule-1, 2, 0) }, "across granules")
	require.Panics(t, func() { g.Add(-1, 1, 0) })
	require.Panics(t, func() { g.Add(math.MaxInt64, 1, 0) })
	require.Panics(t, func() { crc.NewGranules(crc.SHA1, 1, 1) })
}

// TestGranulesHuge: a length that somebody announces costs next to nothing until bytes come.
func TestGranulesHuge(t *testing.T) {
	for _, total := range []int64{1 << 40, 1 << 62, math.MaxInt64, math.MaxInt64 - 1} {
		for _, parts := range []int{-1, 0, 1, 3, 10_000, math.MaxInt} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			g := crc.NewGranules(crc.CRC32, total, parts)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), "total %d, %d parts", total, parts)
			for _, off := range []int64{0, total / 2, total - 1} {
				end := g.End(off)
				require.Greater(t, end, off)
				require.LessOrEqual(t, end, total)
				g.Add(off, end-off, 1)
			}
			require.Equal(t, int64(math.MaxInt64), g.End(math.MaxInt64))
			l, err := crc.EqualParts(total, total, 1)
			require.NoError(t, err)
			_, err = g.Composite(l, nil)
			require.ErrorIs(t, err, crc.ErrIncomplete)
		}
	}
}
