package soak

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSoak plays every scenario, for a second or for the time in S3POOL_SOAK each.
func TestSoak(t *testing.T) {
	d := time.Second
	if s := os.Getenv("S3POOL_SOAK"); s != "" {
		var err error
		d, err = time.ParseDuration(s)
		require.NoError(t, err, "S3POOL_SOAK")
	}
	require.GreaterOrEqual(t, len(Scenarios()), 15)
	for _, sc := range Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			r, err := Run(t.Context(), sc, d, seed)
			require.NoError(t, err, "seed %d", seed)
			t.Logf("%+v", r)
			require.Equal(t, sc.Faults.any(), r.Faults > 0)
			require.LessOrEqual(t, r.Peak, sc.Budget)
		})
	}
}

// TestWrongByteIsFound: a soak that notices nothing would be none. The drop-in does not
// verify, so that a flipped bit gets through.
func TestWrongByteIsFound(t *testing.T) {
	sc := Scenario{"flips", map[string]int{"dropin": 1}, 4, 32 * part, 4, false, faults{flip: 0.5}}
	_, err := Run(t.Context(), sc, 10*time.Second, 1)
	require.ErrorContains(t, err, "wrong bytes")
}

// TestFailureWithoutFaultIsFound: where nothing goes wrong, no transfer may fail.
func TestFailureWithoutFaultIsFound(t *testing.T) {
	works["fails"] = func(*worker, context.Context) error { return errors.New("just so") }
	t.Cleanup(func() { delete(works, "fails") })
	_, err := Run(t.Context(), Scenario{"fails", map[string]int{"fails": 1}, 1, part, 1, false, faults{}}, 10*time.Second, 1)
	require.ErrorContains(t, err, "just so")
}

// TestLeaseIsFound: memory that is not given back is.
func TestLeaseIsFound(t *testing.T) {
	works["keeps"] = func(w *worker, ctx context.Context) error {
		if _, err := w.pool.Acquire(ctx, part); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}
	t.Cleanup(func() { delete(works, "keeps") })
	_, err := Run(t.Context(), Scenario{"keeps", map[string]int{"keeps": 1}, 1, part, 1, false, faults{}}, 200*time.Millisecond, 1)
	require.ErrorContains(t, err, "the pool is not idle")
}

func TestStandstillIsDescribed(t *testing.T) {
	w := newWorld(Scenario{Name: "still", Workers: 1, Budget: part}, 1, t.TempDir())
	t.Cleanup(func() { require.NoError(t, w.close()) })
	x := newWorker(w, 0, 1)
	x.what.Store(new("get"))
	x.step()
	s := &watch{world: w, workers: []*worker{x}}
	require.NoError(t, s.standstill())
	x.moved.Store(time.Now().Add(-idleLimit - time.Second).UnixNano())
	require.ErrorContains(t, s.standstill(), "stood still")
}

func TestSlope(t *testing.T) {
	var flat, steep []sample
	for i := range 100 {
		at := time.Duration(i) * time.Minute
		flat = append(flat, sample{at, 100 + float64(i%2)})
		steep = append(steep, sample{at, 100 + 60*at.Hours()})
	}
	require.InDelta(t, 0, slope(flat), 0.5)
	require.InDelta(t, 60, slope(steep), 0.001)
	require.Zero(t, slope(nil))
	w := &watch{rss: steep}
	require.InDelta(t, 60, w.growth(), 0.001)
	require.ErrorContains(t, w.verdict(Result{Done: 1, Growth: 60, Took: time.Hour}), "grows")
	require.ErrorContains(t, w.verdict(Result{Failed: 5}), "no soak")
}
