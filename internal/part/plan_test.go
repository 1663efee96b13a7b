package part_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
)

// requirePlan checks that the parts are the range, in order, without gaps, and
// end at multiples.
func requirePlan(t *testing.T, r part.Range, size int64) {
	t.Helper()
	p := part.NewPlan(r, size)
	at := r.From
	for i := range p.Parts() {
		got := p.Part(i)
		require.Equal(t, at, got.From, "part %d", i)
		require.False(t, got.Empty(), "part %d", i)
		require.LessOrEqual(t, got.Len(), size, "part %d", i)
		if got.To != r.To {
			require.Zero(t, got.To%size, "part %d ends at %d", i, got.To)
		}
		at = got.To
	}
	require.Equal(t, r.To, at)
	require.Panics(t, func() { p.Part(-1) })
	require.Panics(t, func() { p.Part(p.Parts()) })
}

func TestPlan(t *testing.T) {
	for _, size := range []int64{1, 2, 7, 8} {
		for from := range int64(20) {
			for to := from; to < 40; to++ {
				requirePlan(t, part.Range{From: from, To: to}, size)
			}
		}
	}
	const tib = 1 << 40
	requirePlan(t, part.Range{From: 3*tib + 5, To: 3*tib + 100<<20}, 8<<20)
	requirePlan(t, part.Range{To: part.MaxObject}, part.MaxSize)
	for _, size := range []int64{1 << 62, math.MaxInt64 - 1, math.MaxInt64} {
		requirePlan(t, part.Range{To: math.MaxInt64}, size)
		requirePlan(t, part.Range{From: math.MaxInt64 - 5, To: math.MaxInt64}, size)
		requirePlan(t, part.Range{To: 100}, size)
	}
	require.Panics(t, func() { part.NewPlan(part.Range{To: 5}, 0) })
	require.Panics(t, func() { part.NewPlan(part.Range{From: -1, To: 5}, 1) })
	require.Panics(t, func() { part.NewPlan(part.Range{From: 6, To: 5}, 1) })
}

func FuzzPlan(f *testing.F) {
	f.Add(int64(0), int64(100), int64(8))
	f.Add(int64(5), int64(5), int64(1))
	f.Add(int64(math.MaxInt64-3), int64(3), int64(1<<62))
	f.Fuzz(func(t *testing.T, from, n, size int64) {
		if from < 0 || n < 0 || from > math.MaxInt64-n || size <= 0 || n/size > 1000 {
			return
		}
		requirePlan(t, part.Range{From: from, To: from + n}, size)
	})
}

func randomPlan(rng *rand.Rand) part.Plan {
	from := rng.Int64N(50)
	return part.NewPlan(part.Range{From: from, To: from + rng.Int64N(200)}, 1+rng.Int64N(30))
}
