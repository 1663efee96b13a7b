package mem

import (
	"math/rand/v2"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

// TestExtents compares the set with a plain array of flags.
func TestExtents(t *testing.T) {
	const size = 64
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var set Extents
		var flags [size]bool
		for range 1 + rng.IntN(12) {
			from := rng.IntN(size)
			to := from + rng.IntN(size-from+1)
			set.Add(from, to)
			for i := from; i < to; i++ {
				flags[i] = true
			}
			var want Extents
			for i := 0; i < size; i++ {
				if !flags[i] {
					continue
				}
				j := i
				for j < size && flags[j] {
					j++
				}
				want = append(want, extent{i, j})
				i = j
			}
			require.Equal(t, want, set, "seed %d", seed)
		}
		end := set.End()
		var filled [size]bool
		set.FillGaps(func(from, to int) {
			for i := from; i < to; i++ {
				filled[i] = true
			}
		})
		for i := range end {
			require.NotEqual(t, flags[i], filled[i], "seed %d: byte %d is either written or filled", seed, i)
		}
		require.Equal(t, end, set.End())
		require.LessOrEqual(t, len(set), 1)
	}
}
