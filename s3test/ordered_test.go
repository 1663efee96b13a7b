package s3test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

func TestOrdered(t *testing.T) {
	for _, in := range []string{"in order", "at random", "backwards"} {
		o := ordered[int]{compare: func(a, b int) int { return a - b }}
		want := map[int]bool{}
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range 5000 {
			v := i
			switch in {
			case "at random":
				v = rng.IntN(3000)
			case "backwards":
				v = 5000 - i
			}
			o.add(v)
			want[v] = true
			if gone := rng.IntN(5000); i%3 == 0 {
				o.remove(gone)
				delete(want, gone)
			}
		}
		var sorted []int
		for v := range want {
			sorted = append(sorted, v)
		}
		slices.Sort(sorted)
		require.Equal(t, sorted, slices.Collect(o.all()), in)
		for v := range 5002 {
			i, _ := slices.BinarySearch(sorted, v)
			got, ok := o.ceiling(v)
			require.Equal(t, i < len(sorted), ok)
			if ok {
				require.Equal(t, sorted[i], got)
			}
		}
		for _, b := range o.blocks {
			require.NotEmpty(t, b)
			require.LessOrEqual(t, len(b), maxBlock)
		}
		for _, v := range sorted {
			o.remove(v)
		}
		require.Empty(t, o.blocks)
	}
}

func TestBehind(t *testing.T) {
	for _, prefix := range []string{"a", "a/", "a\xff", "\xff\xffa\xff\xff"} {
		s, ok := behind(prefix)
		require.True(t, ok)
		require.Equal(t, 1, strings.Compare(s, prefix+strings.Repeat("\xff", 9)))
	}
	_, ok := behind("\xff\xff")
	require.False(t, ok)
	_, ok = behind("")
	require.False(t, ok)
}
