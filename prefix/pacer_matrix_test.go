package prefix

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/require"
)

var matrix = flag.Bool("matrix", false, "TestPacerMatrix: compare all policies, over more seeds")

// hex returns keys that are spread evenly under a prefix.
func hex(prefix string) func(*sim) string {
	return func(s *sim) string { return fmt.Sprintf("%s%04x/object", prefix, s.rng.IntN(1<<16)) }
}

// scenarios are the loads of the matrix; x is what the hot keys are asked for, in
// units of what their partitions serve.
func scenarios(x float64) []scenario {
	cold := group{"cold", 0.5, hex("archive/")}
	midnight := 15 * time.Second
	moves := func(s *sim) string {
		if s.at() < midnight {
			return hex("20261122/")(s)
		}
		return hex("20261123/")(s)
	}
	return []scenario{
		{
			name: "uniform", end: 30 * time.Second, steady: [][2]int{{10, 30}},
			cuts: []string{"data/8"},
			load: []group{{"hot", 2 * x, hex("data/")}},
		}, {
			name: "hot prefix", end: 30 * time.Second, steady: [][2]int{{10, 30}},
			cuts: []string{"data/h"},
			load: []group{{"hot", x, hex("data/hot/")}, {"cold", 0.5, hex("data/archive/")}},
		}, {
			name: "moving", end: 40 * time.Second, steady: [][2]int{{10, 15}, {25, 40}},
			cuts: []string{"20261123", "a"},
			load: []group{{"hot", x, moves}, cold},
		}, {
			name: "splitting", end: 40 * time.Second, steady: [][2]int{{10, 15}, {25, 40}},
			cuts: []string{"hot/"}, change: 15 * time.Second, later: []string{"hot/", "hot/7f"},
			load: []group{{"hot", x, hex("hot/")}, cold},
		}, {
			// In the hot keys' folder, so that there are only refusals to go by. With fifty
			// clients that takes fifteen seconds; after ten, cold has 90 to 93 %.
			name: "cold later", end: 35 * time.Second, steady: [][2]int{{25, 35}},
			cuts: []string{"data/h"},
			load: []group{{"hot", x, hex("data/hot-")}, {"cold", 0.5, func(s *sim) string {
				if s.at() < 10*time.Second {
					return ""
				}
				return hex("data/archive-")(s)
			}}},
		}, {
			name: "timestamps", end: 30 * time.Second, steady: [][2]int{{10, 30}},
			load: []group{{"hot", x, func(s *sim) string {
				return fmt.Sprintf("logs/%s-%04x", s.now.UTC().Format("2006-01-02T15:04:05.000"), s.rng.IntN(1<<16))
			}}},
		},
	}
}

// TestPacerMatrix holds the Pacer to what it is for: over all loads, with one client
// and with fifty that do not know of each other, ten seconds after it has begun or
// something has changed. With -matrix it compares the rivals too, and says where they
// are better; -v prints the table.
func TestPacerMatrix(t *testing.T) {
	seeds, ways, loads := 1, []way{wayPacer}, []float64{1, 2, 10}
	switch {
	case *matrix:
		seeds, ways = 5, []way{wayStandard, wayAdaptive, wayGlobal, wayPacer}
	case testing.Short() || check.Enabled:
		seeds, loads = 1, []float64{2}
	}
	for _, x := range loads {
		for _, sc := range scenarios(x) {
			t.Run(fmt.Sprintf("%s/%gx", strings.ReplaceAll(sc.name, " ", "_"), x), func(t *testing.T) {
				t.Parallel()
				// What is ideal does not depend on who asks.
				best := sc.result(sc.run(t, wayIdeal, 1, 0), 1)
				for _, clients := range []int{1, 50} {
					for _, w := range ways {
						for seed := range uint64(seeds) {
							if w != wayPacer && seed > 0 {
								break
							}
							r := sc.result(sc.run(t, w, clients, seed), clients)
							cold := 1.0
							if c := best.class["cold"]; c > 0 {
								cold = r.class["cold"] / c
							}
							line := fmt.Sprintf("%-10s %3gx %2d clients  %-12s seed %d: goodput %5.1f %%  cold %5.1f %%  refused %5.2f %%  failed %4.0f/s  Jain %.3f",
								sc.name, x, clients, w, seed, 100*r.goodput/best.goodput, 100*cold, 100*r.refused, r.failed, r.jain)
							t.Log(line)
							if w != wayPacer {
								continue
							}
							require.GreaterOrEqual(t, r.goodput/best.goodput, 0.95, line)
							require.LessOrEqual(t, r.refused, 0.01, line)
							require.GreaterOrEqual(t, cold, 0.9, line)
							require.GreaterOrEqual(t, r.jain, 0.9, line)
							require.Zero(t, r.failed, line)
						}
					}
				}
			})
		}
	}
}

// The same seed has the same course.
func TestPacerSimDeterministic(t *testing.T) {
	sc := scenarios(2)[1]
	sc.end, sc.steady = 12*time.Second, [][2]int{{10, 12}}
	require.Equal(t, sc.run(t, wayPacer, 10, 3).trace, sc.run(t, wayPacer, 10, 3).trace)
}
