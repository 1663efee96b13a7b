package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/trial"
)

// A bound is a promise of the project about one contest.
type bound struct {
	verb, via string
	sizes     []rival.Size // nil means all
	text      string

	// judge returns what was measured and whether that is within the bound.
	// known is false if the figures are not there.
	judge func(*trial.Result) (measured string, within, known bool)
}

// bounds lists the promises. There is no tolerance: a bound of 1 is not reached
// by 1.001.
func bounds() []bound {
	at1200K := []rival.Size{1200 << 10}
	list := []bound{
		{"download", "memory", nil, "CPU ≤ manager5m", noWorse(trial.CPU, rival.Manager5MiB)},
		{"download", "memory", nil, "B/op ≤ manager5m", noWorse(trial.Bytes, rival.Manager5MiB)},
		{"download", "memory", at1200K, "CPU ≥ 15 times less than manager", timesLess(15, trial.CPU, rival.Manager)},
		{"download", "pooled", at1200K, "CPU ≤ 1.10 × sdk", atMost(1.10, trial.CPU, rival.SDK)},
		{"download", "pooled", at1200K, "B/op ≤ 40 KB", atMostBytes(40_000)},
		{"download", "file", nil, "CPU ≤ better of manager and manager5m", noWorse(trial.CPU, rival.Manager, rival.Manager5MiB)},
	}
	for _, via := range []string{"file", "bytes"} {
		list = append(list,
			bound{"upload", via, nil, "CPU ≤ manager", noWorse(trial.CPU, rival.Manager)},
			bound{"upload", via, nil, "B/op ≤ manager", noWorse(trial.Bytes, rival.Manager)},
		)
	}
	return list
}

// noWorse asks for at most the figure of the best of the bases.
func noWorse(m trial.Metric, bases ...string) func(*trial.Result) (string, bool, bool) {
	return func(res *trial.Result) (string, bool, bool) {
		best, least := "", 0.0
		for _, base := range bases {
			if s, ok := res.Of(base, m); ok && (best == "" || s.Median < least) {
				best, least = base, s.Median
			}
		}
		measured, within, known := atMost(1, m, best)(res)
		if len(bases) > 1 {
			measured += " of " + best
		}
		return measured, within, known
	}
}

// atMost asks for at most limit times the figure of base.
func atMost(limit float64, m trial.Metric, base string) func(*trial.Result) (string, bool, bool) {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Ratio(rival.S3pool, base, m)
		return fmt.Sprintf("%.3f (%.2f–%.2f)", s.Median, s.Min, s.Max), s.Median <= limit, ok
	}
}

// timesLess asks base for at least limit times our figure.
func timesLess(limit float64, m trial.Metric, base string) func(*trial.Result) (string, bool, bool) {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Ratio(base, rival.S3pool, m)
		return fmt.Sprintf("%.1f times less (%.1f–%.1f)", s.Median, s.Min, s.Max), s.Median >= limit, ok
	}
}

func atMostBytes(limit float64) func(*trial.Result) (string, bool, bool) {
	return func(res *trial.Result) (string, bool, bool) {
		s, ok := res.Of(rival.S3pool, trial.Bytes)
		return formatBytes(s.Median), s.Median <= limit, ok
	}
}

// claimRounds is the least number of rounds that a claim can rest on.
const claimRounds = 10

func (r *Report) writeVerdicts(b *strings.Builder) {
	var rows strings.Builder
	passed, judged := 0, 0
	for _, bd := range bounds() {
		for _, res := range r.Results {
			if res.Verb != bd.verb || res.Via != bd.via || (bd.sizes != nil && !slices.Contains(bd.sizes, res.Size)) {
				continue
			}
			measured, within, known := bd.judge(res)
			verdict := "not reached"
			switch {
			case !known:
				measured, verdict = "n/a", "not measured"
			case within:
				verdict = "pass"
				passed++
				judged++
			default:
				judged++
			}
			fmt.Fprintf(&rows, "| %s: %s | %s %s | %v | %s | %s |\n",
				title(bd.verb, bd.via), bd.text, res.Server, res.Scheme, res.Size, measured, verdict)
		}
	}
	if rows.Len() == 0 {
		return
	}
	fmt.Fprintf(b, "## Bounds\n\n%d of %d bounds reached; the tolerance is 0.", passed, judged)
	if r.Plan.Rounds < claimRounds {
		fmt.Fprintf(b, " With fewer than %d rounds this is no claim.", claimRounds)
	}
	b.WriteString("\n\n| bound | server | size | measured | verdict |\n|---|---|---|--:|---|\n" + rows.String() + "\n")
}
