package trial_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/trial"
)

func sample(ops int, cpu time.Duration) trial.Sample {
	return trial.Sample{Ops: ops, Usage: meter.Usage{CPU: cpu, Bytes: uint64(ops) * 100, GCs: 2}}
}

func TestRatioIsTakenWithinRounds(t *testing.T) {
	r := trial.Result{
		Size:   1 << 20,
		Rivals: []string{"ours", "theirs"},
		Rounds: [][]trial.Sample{
			{sample(10, 10), sample(1, 2)},    // 0.5
			{sample(10, 1000), sample(1, 50)}, // 2, in a round ten times as slow
			{sample(10, 30), sample(1, 4)},    // 0.75
		},
	}

	got, ok := r.Ratio("ours", "theirs", trial.CPU)
	require.True(t, ok)
	require.Equal(t, trial.Spread{Median: 0.75, Min: 0.5, Max: 2}, got)
	require.Equal(t, "0.75 (0.50–2.00)", got.String())

	got, ok = r.Of("ours", trial.CPU)
	require.True(t, ok)
	require.Equal(t, trial.Spread{Median: 3, Min: 1, Max: 100}, got)

	got, ok = r.Of("theirs", trial.GCs)
	require.True(t, ok)
	require.Equal(t, 2048.0, got.Median)

	_, ok = r.Ratio("ours", "nobody", trial.CPU)
	require.False(t, ok)
	_, ok = r.Ratio("ours", "theirs", trial.Allocs) // 0/0
	require.False(t, ok)
}

func TestMedianOfAnEvenNumber(t *testing.T) {
	r := trial.Result{Rivals: []string{"a"}, Rounds: [][]trial.Sample{{sample(1, 4)}, {sample(1, 1)}}}
	got, ok := r.Of("a", trial.CPU)
	require.True(t, ok)
	require.Equal(t, 2.5, got.Median)
	_, ok = (&trial.Result{Rivals: []string{"a"}}).Of("a", trial.CPU)
	require.False(t, ok)
}
