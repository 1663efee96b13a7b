package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/report"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/trial"
)

// result makes one of ten equal rounds, from CPU time and bytes per operation.
func result(verb, via string, size rival.Size, figures map[string][2]uint64) *trial.Result {
	res := &trial.Result{Server: "range", Scheme: "http", Verb: verb, Via: via, Size: size}
	var round []trial.Sample
	for _, name := range []string{rival.Manager, rival.Manager5MiB, rival.S3pool, rival.SDK, rival.ManagerBytes} {
		f, ok := figures[name]
		if !ok {
			continue
		}
		res.Rivals = append(res.Rivals, name)
		round = append(round, trial.Sample{Ops: 2, Usage: meter.Usage{CPU: time.Duration(2 * f[0]), Bytes: 2 * f[1], GCs: 1}})
	}
	for range 10 {
		res.Rounds = append(res.Rounds, round)
	}
	return res
}

func markdown(t *testing.T, results ...*trial.Result) string {
	var b strings.Builder
	r := report.New(trial.Plan{Rounds: 10, Block: time.Second})
	r.Results = results
	require.NoError(t, r.WriteMarkdown(&b))
	return b.String()
}

func TestVerdicts(t *testing.T) {
	const size = 1200 << 10
	memory := func(cpu, bytes uint64) *trial.Result {
		return result("download", "memory", size, map[string][2]uint64{
			rival.Manager: {15_000_000, 25_000_000}, rival.Manager5MiB: {1_200_000, 1_300_000}, rival.S3pool: {cpu, bytes},
		})
	}
	file := func(cpu uint64) *trial.Result {
		return result("download", "file", size, map[string][2]uint64{
			rival.Manager: {900_000, 1}, rival.Manager5MiB: {1_000_000, 1}, rival.S3pool: {cpu, 1},
		})
	}
	pooled := func(cpu, bytes uint64) *trial.Result {
		return result("download", "pooled", size, map[string][2]uint64{rival.SDK: {1_000_000, 33_000}, rival.S3pool: {cpu, bytes}})
	}
	stream := func(cpu, bytes uint64) *trial.Result {
		return result("client", "putstream", size, map[string][2]uint64{
			rival.Manager: {4_300_000, 3_000_000}, rival.ManagerBytes: {1_000_000, 110_000}, rival.S3pool: {cpu, bytes},
		})
	}
	for _, c := range []struct {
		name string
		res  *trial.Result
		want []string
	}{
		{"stream like bytes", stream(1_100_000, 100_000), []string{
			"CPU ≤ 1.10 × manager with a bytes.Reader | range http | 1200K | 1.100", "B/op ≤ 100 KB | range http | 1200K | 100.0 KB | pass |", "2 of 2 bounds",
		}},
		{"stream dearer than bytes", stream(1_110_000, 100_001), []string{"0 of 2 bounds"}},
		{"better", memory(1_000_000, 1_300_000), []string{
			"CPU ≤ manager5m | range http | 1200K | 0.833 (0.83–0.83) | pass |",
			"B/op ≤ manager5m | range http | 1200K | 1.000 (1.00–1.00) | pass |",
			"CPU ≥ 15 times less than manager | range http | 1200K | 15.0 times less (15.0–15.0) | pass |",
			"3 of 3 bounds reached",
		}},
		{"no tolerance", memory(1_200_001, 1_300_001), []string{
			"CPU ≤ manager5m | range http | 1200K | 1.000 (1.00–1.00) | not reached |",
			"B/op ≤ manager5m | range http | 1200K | 1.000 (1.00–1.00) | not reached |",
			"| 12.5 times less (12.5–12.5) | not reached |",
			"0 of 3 bounds reached",
		}},
		{"better of two", file(900_000), []string{"| 1.000 (1.00–1.00) of manager | pass |"}},
		{"between the two", file(950_000), []string{"| 1.056 (1.06–1.06) of manager | not reached |"}},
		{"floor", pooled(1_100_000, 40_000), []string{"CPU ≤ 1.10 × sdk | range http | 1200K | 1.100", "40.0 KB | pass |", "2 of 2 bounds"}},
		{"above the floor", pooled(1_110_000, 40_001), []string{"0 of 2 bounds"}},
		{"no CPU time", pooled(0, 30_000), []string{"CPU ≤ 1.10 × sdk | range http | 1200K | n/a | not measured |", "1 of 1 bounds"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := markdown(t, c.res)
			for _, want := range c.want {
				require.Contains(t, got, want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	got := markdown(t, result("upload", "file", 1<<20, map[string][2]uint64{
		rival.Manager: {2_000_000, 1000}, rival.S3pool: {500_000, 500},
	}))
	require.Contains(t, got, "## upload from file\n")
	require.Contains(t, got, "| range http | 1M | manager | 2.00 ms | 1 | 0 µs | 1 | 1.0 KB | 1 | 0 | 512 |\n")
	require.Contains(t, got, "| range http | 1M | s3pool | 500 µs | 0.25 (0.25–0.25) | 0 µs | n/a | 500 B | 0.50 (0.50–0.50) | 0 | 512 |\n")
	require.NotContains(t, got, "download")
}

func TestFewRoundsAreNoClaim(t *testing.T) {
	var b strings.Builder
	r := report.New(trial.Plan{Rounds: 3})
	r.Results = []*trial.Result{result("upload", "file", 1, map[string][2]uint64{rival.Manager: {1, 1}, rival.S3pool: {1, 1}})}
	require.NoError(t, r.WriteMarkdown(&b))
	require.Contains(t, b.String(), "With fewer than 10 rounds this is no claim.")
}

func TestStreams(t *testing.T) {
	res := &trial.Result{Server: "range", Scheme: "http", Verb: "client", Via: "open", Size: 1 << 30}
	var round []trial.Sample
	for _, f := range []struct {
		name             string
		wall, cpu, first time.Duration
		bytes            uint64
	}{
		{rival.S3pool4K, 13 * time.Second, 2 * time.Second, 20 * time.Millisecond, 1 << 20},
		{rival.S3pool32K, 10 * time.Second, time.Second, 20 * time.Millisecond, 1 << 30},
		{rival.S3pool1M, 10 * time.Second, time.Second, 20 * time.Millisecond, 1 << 20},
		{rival.Manager, 11 * time.Second, time.Second, 0, 1 << 20},
		{rival.TMGet, 30 * time.Second, 19 * time.Second, time.Second, 1 << 31},
	} {
		res.Rivals = append(res.Rivals, f.name)
		round = append(round, trial.Sample{Ops: 1, FirstByte: f.first, Usage: meter.Usage{Wall: f.wall, CPU: f.cpu, Bytes: f.bytes}})
	}
	res.Rounds = [][]trial.Sample{round}
	got := markdown(t, res)
	for _, want := range []string{
		"throughput ≥ 3 × tm-get | range http | 1024M | 3.0 times less (3.0–3.0) | pass |",
		"CPU ≤ 1/20 of tm-get | range http | 1024M | 19.0 times less (19.0–19.0) | not reached |",
		"CPU through 32 KiB reads ≤ 1.5 × manager | range http | 1024M | 1.000 (1.00–1.00) | pass |",
		"CPU through WriteTo ≤ 1.2 × manager | range http | 1024M | n/a | not measured |",
		"time between read sizes ≤ 1.3 × | range http | 1024M | 1.300 | pass |",
		"s3pool-4K: allocated ≤ 0.02 × payload | range http | 1024M | 0.0010 (0.0010–0.0010) | pass |",
		"s3pool-32K: allocated ≤ 0.02 × payload | range http | 1024M | 1.0000 (1.0000–1.0000) | not reached |",
		"90 MB/s for each request, 20ms to its first byte.",
		"| 1024M | s3pool-32K | 107.4 | 0.91 (0.91–0.91) | 1 | 1.00 (1.00–1.00) | 1 | 20.00 ms | 0 |\n",
		"| 1024M | manager | 97.61 | 1 | 1 | 1 | 0.0009766 | n/a | 0 |\n",
	} {
		require.Contains(t, got, want)
	}
}
