package crc_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/crc"
)

// TestCompositeParts adds whole parts in random order.
func TestCompositeParts(t *testing.T) {
	forSeeds(t, 100, func(t *testing.T, rng *rand.Rand) {
		data := randomBytes(rng, rng.IntN(500))
		sizes := randomCuts(rng, len(data), 6)
		if len(sizes) == 0 || rng.IntN(5) == 0 {
			sizes = append(sizes, 0)
		}
		layout, err := crc.PartSizes(sizes)
		require.NoError(t, err)
		for _, a := range []crc.Algorithm{crc.CRC32, crc.CRC32C} {
			set := crc.NewComposite(a, layout)
			for _, i := range rng.Perm(len(sizes)) {
				off, n := layout.Part(i)
				if n == 0 {
					continue
				}
				_, ok := set.Complete()
				require.False(t, ok, "part %d is missing", i)
				set.Add(off, n, uint64(binary.BigEndian.Uint32(naiveDigest(a, data[off:off+n]))))
			}
			got, ok := set.Complete()
			require.True(t, ok)
			require.Equal(t, naiveComposite(a, data, sizes), got.String(), "%v", a)
		}
	})
}

func TestCompositeSpoiled(t *testing.T) {
	layout, err := crc.EqualParts(25, 10, 3)
	require.NoError(t, err)
	for name, spoil := range map[string]func(c *crc.Composite){
		"nothing":               func(*crc.Composite) {},
		"piece twice":           func(c *crc.Composite) { c.Add(12, 2, 0) },
		"piece of a done part":  func(c *crc.Composite) { c.Add(0, 2, 0) },
		"outside of the object": func(c *crc.Composite) { c.Add(25, 1, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			c := crc.NewComposite(crc.CRC32C, layout)
			c.Add(0, 10, 0)
			c.Add(11, 3, 0)
			spoil(c)
			c.Add(10, 1, 0)
			c.Add(14, 6, 0)
			c.Add(20, 5, 0)
			c.Add(20, 0, 0)
			_, ok := c.Complete()
			require.Equal(t, name == "nothing", ok)
		})
	}
	c := crc.NewComposite(crc.CRC32C, layout)
	require.Panics(t, func() { c.Add(5, 10, 0) }, "across parts")
	require.Panics(t, func() { c.Add(-1, 1, 0) })
	require.Panics(t, func() { crc.NewComposite(crc.SHA1, layout).Add(0, 1, 0) })
}
