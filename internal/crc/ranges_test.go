package crc_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

// TestRanges adds random pieces in random order from several goroutines.
func TestRanges(t *testing.T) {
	forSeeds(t, 200, func(t *testing.T, rng *rand.Rand) {
		data := randomBytes(rng, rng.IntN(3000))
		alg := crcs[rng.IntN(len(crcs))]
		type piece struct{ off, n int64 }
		var pieces []piece
		var off int64
		for _, n := range randomCuts(rng, len(data), 30) {
			pieces = append(pieces, piece{off, n})
			off += n
		}
		rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })

		set := crc.NewRanges(alg)
		var wg sync.WaitGroup
		for w := range 3 {
			wg.Go(func() {
				for i := w; i < len(pieces); i += 3 {
					p := pieces[i]
					set.Add(p.off, p.n, crc.Update(alg, 0, data[p.off:p.off+p.n]))
					set.Add(p.off, 0, 0) // nothing, anywhere
				}
			})
		}
		wg.Wait()
		got, ok := set.Complete(int64(len(data)))
		require.True(t, ok)
		require.Equal(t, naive(alg, data), got)

		for _, wrong := range []int64{-1, int64(len(data)) - 1, int64(len(data)) + 1} {
			_, ok = set.Complete(wrong)
			require.False(t, ok, "%d bytes instead of %d", wrong, len(data))
		}
	})
}

// TestRangesMissing leaves one piece out.
func TestRangesMissing(t *testing.T) {
	for missing := range int64(5) {
		set := crc.NewRanges(crc.CRC32C)
		for i := range int64(5) {
			if i != missing {
				set.Add(10*i, 10, 1)
			}
		}
		for total := range int64(60) {
			_, ok := set.Complete(total)
			// With the last piece missing, the others are an object of 40.
			require.Equal(t, missing == 4 && total == 40, ok, "piece %d is missing, %d bytes", missing, total)
		}
	}
}

func TestRangesTwice(t *testing.T) {
	for name, again := range map[string][2]int64{
		"the same": {10, 10}, "inside": {12, 3}, "around": {5, 30}, "left": {9, 2}, "right": {19, 2}, "joined": {0, 30},
	} {
		t.Run(name, func(t *testing.T) {
			set := crc.NewRanges(crc.CRC64NVME)
			set.Add(10, 10, 1)
			set.Add(again[0], again[1], 2)
			set.Add(0, 10, 3)
			set.Add(20, 10, 3)
			_, ok := set.Complete(30)
			require.False(t, ok)
			set.Reset(crc.CRC64NVME)
			_, ok = set.Complete(0)
			require.True(t, ok, "a new start")
		})
	}
}

func TestRangesRefuse(t *testing.T) {
	set := crc.NewRanges(crc.CRC32)
	require.Panics(t, func() { set.Add(-1, 1, 0) })
	require.Panics(t, func() { set.Add(0, -1, 0) })
	require.Panics(t, func() { set.Add(2, math.MaxInt64-1, 0) })
	require.Panics(t, func() { crc.NewRanges(crc.SHA256) })
}

// FuzzRanges plays a schedule of ranges against an array of counters.
func FuzzRanges(f *testing.F) {
	f.Add([]byte{0, 4, 4, 4, 8, 4})
	f.Add([]byte{8, 4, 0, 4, 4, 4})
	f.Add([]byte{0, 4, 3, 4, 7, 4})
	data := randomBytes(rand.New(rand.NewPCG(3, 4)), 512)
	f.Fuzz(func(t *testing.T, schedule []byte) {
		const alg = crc.CRC64NVME
		set := crc.NewRanges(alg)
		var times [512]int
		end := 0
		for ; len(schedule) >= 2; schedule = schedule[2:] {
			from, n := int(schedule[0]), int(schedule[1])
			set.Add(int64(from), int64(n), crc.Update(alg, 0, data[from:from+n]))
			for i := from; i < from+n; i++ {
				times[i]++
				end = max(end, i+1)
			}
		}
		want := true
		for _, n := range times[:end] {
			want = want && n == 1
		}
		got, ok := set.Complete(int64(end))
		require.Equal(t, want, ok)
		if ok {
			require.Equal(t, naive(alg, data[:end]), got)
		}
	})
}
