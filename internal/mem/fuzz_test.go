package mem

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/require"
)

// FuzzExtents compares the set with a plain array of flags. Two bytes of the input are one
// range.
func FuzzExtents(f *testing.F) {
	f.Add([]byte{0, 10, 20, 30, 10, 20})
	f.Add([]byte{5, 5, 0, 255, 255, 1})
	f.Fuzz(func(t *testing.T, input []byte) {
		var set Extents
		var flags [256]bool
		for ; len(input) >= 2; input = input[2:] {
			from, to := int(input[0]), int(input[1])
			set.Add(from, to)
			for i := from; i < to; i++ {
				flags[i] = true
			}
		}
		end := 0
		for i, e := range set {
			require.Less(t, e.from, e.to)
			require.True(t, i == 0 || set[i-1].to < e.from, "sorted, and not touching: %v", set)
			end = e.to
		}
		require.Equal(t, end, set.End())
		gap := [256]bool{}
		set.Gaps(func(from, to int) {
			for i := from; i < to; i++ {
				gap[i] = true
			}
		})
		for i := range flags {
			require.Equal(t, i < end && !flags[i], gap[i], "byte %d of %v", i, set)
		}
	})
}

// FuzzBudget plays a schedule of leases in virtual time: everybody gets what he asks for,
// and nobody more than there is. Three bytes of the input are one lease: when it is asked for
// after the one before, of how much, and for how long; its context ends early if the last bit
// says so.
func FuzzBudget(f *testing.F) {
	f.Add([]byte{0, 64, 8, 0, 64, 8, 0, 1, 1})
	f.Add([]byte{0, 40, 255, 1, 60, 3, 1, 10, 1, 1, 30, 4, 200, 64, 9})
	f.Fuzz(func(t *testing.T, input []byte) {
		const budget, unit = 64 * 4096, 4096
		if len(input) > 300 {
			return // no more to see
		}
		synctest.Test(t, func(t *testing.T) {
			p := New(budget)
			served, wanted := make(chan bool, 100), 0
			for ; len(input) >= 3; input = input[3:] {
				time.Sleep(time.Duration(input[0]) * time.Millisecond)
				size, hold := unit*(1+int(input[1])%64), time.Duration(input[2]>>1)*time.Millisecond
				ctx, stop := t.Context(), context.CancelFunc(func() {})
				if input[2]&1 != 0 {
					ctx, stop = context.WithTimeout(ctx, 50*time.Millisecond)
				}
				wanted++
				go func() {
					defer stop()
					b, err := p.Acquire(ctx, size)
					if err == nil {
						time.Sleep(hold)
						b.Release()
					}
					served <- err == nil || ctx.Err() != nil
				}()
				require.LessOrEqual(t, p.Stats().Leased, int64(budget))
			}
			for range wanted {
				require.True(t, <-served, "an Acquire failed whose context had not ended")
			}
			require.Zero(t, p.Stats().Leased)
			require.Zero(t, p.Stats().Waiting)
		})
	})
}
