package prefix

import (
	"fmt"
	"testing"
	"time"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/require"
)

func fixed(d time.Duration) delays { return delays{d, d, 0.5} }

// TestPacerLatency is TestPacerMatrix where answers take long, or anything from no time
// to long, and the hot workers begin at once. A rate can be learnt no faster than answers
// come, so it is looked at after five of the longest, and where all take as long, so that
// bursts stay bursts, after fifteen. The bounds are those of the matrix, less five points.
func TestPacerLatency(t *testing.T) {
	for _, row := range []struct {
		delays  delays
		clients int
		rate    float64
	}{
		{fixed(100 * time.Millisecond), 1, 1000},
		{fixed(100 * time.Millisecond), 50, partitionRate},
		{fixed(500 * time.Millisecond), 1, 1000},
		{fixed(500 * time.Millisecond), 50, partitionRate},
		{fixed(2 * time.Second), 1, 200},
		{fixed(5 * time.Second), 1, 200},
		{fixed(20 * time.Second), 1, 200},
		{delays{0, 2 * time.Second, 0}, 1, 200},
		{delays{0, 2 * time.Second, 0.5}, 1, 200},
		{delays{0, 2 * time.Second, 0}, 50, partitionRate},
		{delays{100 * time.Millisecond, 20 * time.Second, 0}, 1, 200},
		{delays{100 * time.Millisecond, 20 * time.Second, 0.5}, 1, 200},
	} {
		for _, x := range []float64{2, 10} {
			if x > 2 && (row.clients > 1 || testing.Short() || check.Enabled) {
				continue
			}
			t.Run(fmt.Sprintf("%v to %v/%d clients/%gx", row.delays.least, row.delays.most, row.clients, x), func(t *testing.T) {
				t.Parallel()
				begin := max(10, int(5*row.delays.most/time.Second))
				if row.delays.least == row.delays.most {
					begin = max(10, int(15*row.delays.most/time.Second))
				}
				sc := scenario{
					delays: row.delays, rate: row.rate, burst: true, end: time.Duration(begin+40) * time.Second,
					steady: [][2]int{{begin, begin + 40}}, cuts: []string{"hot/"},
					load: []group{{"hot", x, hex("hot/")}, {"cold", 0.3, hex("archive/")}},
				}
				best := sc.result(sc.run(t, wayIdeal, 1, 0), 1)
				r := sc.result(sc.run(t, wayPacer, row.clients, 0), row.clients)
				goodput, cold := r.goodput/best.goodput, r.class["cold"]/best.class["cold"]
				line := fmt.Sprintf("goodput %5.1f %%  cold %5.1f %%  refused %5.2f %%  Jain %.3f", 100*goodput, 100*cold, 100*r.refused, r.jain)
				t.Log(line)
				least := 0.90
				if x > 2 && row.delays.most > 10*time.Second && row.delays.there > 0 && row.delays.least < time.Second {
					least = 0.80 // each decrease is felt when the requests before it have got there, up to 10 s later
				}
				require.GreaterOrEqual(t, goodput, least, line)
				require.GreaterOrEqual(t, cold, 0.85, line)
				require.LessOrEqual(t, r.refused, 0.06, line)
				require.GreaterOrEqual(t, r.jain, 0.85, line)
				require.Zero(t, r.failed, line)
			})
		}
	}
}

// served returns what a class was served in each second.
func (s *sim) served(class string) []int {
	var list []int
	for _, slot := range s.trace {
		list = append(list, slot.served[class])
	}
	return list
}

// TestPacerBurst: a thousand workers begin at once, at a partition that serves 200 per
// second, and their answers are spread over a while. The refusals of that burst, which
// come in for as long, are one: they do not lower the rate again and again. It was 28 of
// 200 per second for eleven seconds with answers over 2 s, and 1 of 200 with 20 s.
func TestPacerBurst(t *testing.T) {
	for _, over := range []time.Duration{2 * time.Second, 20 * time.Second} {
		t.Run(over.String(), func(t *testing.T) {
			sc := scenario{delays: delays{0, over, 0}, rate: 200, burst: true, end: 70 * time.Second}
			// As many workers as 1,000, whatever they wait.
			sc.load = []group{{"hot", 1000 / (200 * sc.delays.mean().Seconds()), hex("hot/")}}
			want := min(200, 1000/sc.delays.mean().Seconds()) // what they can ask for
			got := sc.run(t, wayPacer, 1, 0).served("hot")
			t.Log(got)
			for second, n := range got[:70] {
				if time.Duration(second)*time.Second >= over {
					require.Greater(t, float64(n), 0.65*want, "second %d", second)
				}
			}
			reached := func(from, to int) (n int) {
				for _, v := range got[from:to] {
					n += v
				}
				return n / (to - from)
			}
			require.Greater(t, reached(int(over/time.Second), 70), int(0.9*want))
		})
	}
}

// TestPacerOutage: all is refused for a minute. The rate is down to one per second then,
// and comes back as it grows: the package's documentation has how long that takes.
func TestPacerOutage(t *testing.T) {
	for name, sc := range map[string]scenario{
		"50ms":         {rate: 200},
		"50ms, 3500/s": {rate: partitionRate},
		"over 2s":      {rate: 200, delays: delays{0, 2 * time.Second, 0}},
		"5s":           {rate: 200, delays: fixed(5 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sc.end, sc.outage = 260*time.Second, [2]time.Duration{30 * time.Second, 90 * time.Second}
			sc.load = []group{{"hot", 2, hex("hot/")}}
			s := sc.run(t, wayPacer, 1, 0)
			got, refused := s.served("hot"), 0
			for _, slot := range s.trace[40:90] {
				refused += slot.refused["hot"]
			}
			back := 90
			for back < len(got) && float64(got[back]) < 0.9*sc.rate {
				back++
			}
			t.Logf("%d refused in 50 s of the outage; 9 tenths of the rate %d s after it", refused, back-90)
			require.LessOrEqual(t, refused, 200)
			limit := 30
			if sc.delays.least > time.Second {
				limit = 150
			}
			require.LessOrEqual(t, back-90, limit)
		})
	}
}
