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
	scheme    string       // empty means any
	sizes     []rival.Size // nil means all
	text      string

	// judge returns what was measured and whether that is within the bound.
	// known is false if the figures are not there.
	judge judge
}

func (bd bound) about(res *trial.Result) bool {
	return bd.verb == res.Verb && bd.via == res.Via &&
		(bd.scheme == "" || bd.scheme == res.Scheme) &&
		(bd.sizes == nil || slices.Contains(bd.sizes, res.Size))
}

// bounds lists the promises. There is no tolerance: a bound of 1 is not reached
// by 1.001.
func bounds() []bound {
	return slices.Concat(managerBounds(), clientBounds(), streamBounds(), putBounds(), serveBounds())
}

func managerBounds() []bound {
	at1200K := []rival.Size{1200 << 10}
	list := []bound{
		{"download", "memory", "", nil, "CPU ≤ manager5m", noWorse(trial.CPU, rival.Manager5MiB)},
		{"download", "memory", "", nil, "B/op ≤ manager5m", noWorse(trial.Bytes, rival.Manager5MiB)},
		{"download", "memory", "", at1200K, "CPU ≥ 15 times less than manager", timesLess(15, trial.CPU, rival.S3pool, rival.Manager)},
		{"download", "pooled", "", at1200K, "CPU ≤ 1.10 × sdk", atMost(1.10, trial.CPU, rival.S3pool, rival.SDK)},
		{"download", "pooled", "", at1200K, "B/op ≤ 40 KB", atMostBytes(40_000)},
		{"download", "file", "", nil, "CPU ≤ better of manager and manager5m", noWorse(trial.CPU, rival.Manager, rival.Manager5MiB)},
	}
	for _, via := range []string{"file", "bytes"} {
		list = append(list,
			bound{"upload", via, "", nil, "CPU ≤ manager", noWorse(trial.CPU, rival.Manager)},
			bound{"upload", via, "", nil, "B/op ≤ manager", noWorse(trial.Bytes, rival.Manager)},
		)
	}
	return list
}

func clientBounds() []bound {
	at1200K, at32M := []rival.Size{1200 << 10}, []rival.Size{32 << 20}
	var list []bound
	for _, ours := range []string{rival.S3pool, rival.Unverified} {
		list = append(list,
			bound{"client", "get", "", at1200K, ours + ": CPU ≤ 1.05 × sdk", atMost(1.05, trial.CPU, ours, rival.SDK)},
			bound{"client", "get", "", at1200K, ours + ": B/op ≤ sdk + 2 KB", atMostMore(2000, trial.Bytes, ours, rival.SDK)},
			bound{"client", "get", "", at32M, ours + ": wall ≤ manager into a presized buffer", atMost(1, trial.Wall, ours, rival.Manager)},
		)
	}
	return append(list,
		bound{"client", "verified", "", nil, "CPU ≤ 1.10 × unverified", atMost(1.10, trial.CPU, rival.S3pool, rival.Unverified)},
		bound{"client", "verified", "http", at32M, "CPU ≤ 0.40 × sdk-verified", atMost(0.40, trial.CPU, rival.S3pool, rival.SDKVerified)},
		bound{"client", "verified", "https", at32M, "CPU ≤ 0.60 × sdk-verified", atMost(0.60, trial.CPU, rival.S3pool, rival.SDKVerified)},
	)
}

func streamBounds() []bound {
	steps := []string{rival.S3pool4K, rival.S3pool32K, rival.S3pool1M}
	list := []bound{
		{"client", "open", "", nil, "throughput ≥ 3 × tm-get", timesLess(3, trial.Wall, rival.S3pool32K, rival.TMGet)},
		{"client", "open", "", nil, "CPU ≤ 1/20 of tm-get", timesLess(20, trial.CPU, rival.S3pool32K, rival.TMGet)},
		{"client", "open", "", nil, "CPU through WriteTo ≤ 1.2 × manager", atMost(1.2, trial.CPU, rival.S3poolWriteTo, rival.Manager)},
		{"client", "open", "", nil, "CPU through WriteTo, unverified, ≤ 1.2 × manager", atMost(1.2, trial.CPU, rival.UnverifiedWriteTo, rival.Manager)},
		{"client", "open", "", nil, "CPU through 32 KiB reads ≤ 1.5 × manager", atMost(1.5, trial.CPU, rival.S3pool32K, rival.Manager)},
		{"client", "open", "", nil, "CPU through 32 KiB reads, unverified, ≤ 1.5 × manager", atMost(1.5, trial.CPU, rival.Unverified32K, rival.Manager)},
		{"client", "open", "", nil, "time between read sizes ≤ 1.3 ×", within(1.3, trial.Wall, steps)},
		{"client", "open", "", nil, "first byte ≤ sdk", atMost(1, trial.FirstByte, rival.S3pool32K, rival.SDK)},
	}
	for _, ours := range append(steps, rival.S3poolWriteTo) {
		list = append(list, bound{"client", "open", "", nil, ours + ": allocated ≤ 0.02 × payload", atMostPerByte(0.02, ours)})
	}
	for _, ours := range []string{rival.S3pool32K, rival.S3poolWriteTo} {
		list = append(list, bound{"client", "open1", "", nil, ours + ": throughput ≥ 0.8 × manager",
			timesLess(0.8, trial.Wall, ours, rival.Manager)})
	}
	return list
}

func putBounds() []bound {
	at1200K := []rival.Size{1200 << 10}
	return []bound{
		{"client", "putstream", "", at1200K, "CPU ≤ 1.10 × manager with a bytes.Reader", atMost(1.10, trial.CPU, rival.S3pool, rival.ManagerBytes)},
		{"client", "putstream", "", at1200K, "B/op ≤ 100 KB", atMostBytes(100_000)},
		{"client", "putmany", "", nil, "CPU ≤ manager", noWorse(trial.CPU, rival.Manager)},
		{"client", "putmany", "", nil, "B/op ≤ manager", noWorse(trial.Bytes, rival.Manager)},
	}
}

func serveBounds() []bound {
	sizes := []rival.Size{100 << 10, 1200 << 10} // one request; at more than the threshold there are several
	return []bound{
		{"client", "serve", "", sizes, "B/op ≤ sdk and a recycled buffer + 2 KB", atMostMore(2000, trial.Bytes, rival.S3pool, rival.SDK)},
	}
}

// claimRounds is the least number of rounds that a claim can rest on.
const claimRounds = 10

func (r *Report) writeVerdicts(b *strings.Builder) {
	var rows strings.Builder
	passed, judged := 0, 0
	for _, bd := range bounds() {
		for _, res := range r.Results {
			if !bd.about(res) {
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
