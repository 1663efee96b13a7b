package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/s3pool/s3pool/bench/copies"
	"github.com/s3pool/s3pool/bench/trial"
)

// fewCopies is how many lines a table of the best or worst has.
const fewCopies = 20

// A copyLine is what was found about one pair of ends at one size.
type copyLine struct {
	res   *trial.Result
	ratio float64
}

// writeCopies writes how s3pool.Copy compares with io.Copy: all lines above the limit, and
// the best of the others. The JSON has every line.
func (r *Report) writeCopies(b *strings.Builder) {
	var lines []copyLine
	for _, res := range r.Results {
		if res.Verb == copies.Verb {
			lines = append(lines, copyLine{res, copies.Ratio(res)})
		}
	}
	if len(lines) == 0 {
		return
	}
	slices.SortFunc(lines, func(a, b copyLine) int { return cmp.Compare(b.ratio, a.ratio) })
	above := slices.IndexFunc(lines, func(l copyLine) bool { return l.ratio <= copies.Limit })
	if above < 0 {
		above = len(lines)
	}
	fmt.Fprintf(b, "## Copy against io.Copy\n\nTime ÷ io.Copy's, between the same ends in turns, of the quickest quarter of the rounds. "+
		"%d of %d lines are above %.2f; the median is %.2f.\n\n",
		above, len(lines), copies.Limit, lines[len(lines)/2].ratio)
	write := func(head string, lines []copyLine) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(b, "| %s | size | io.Copy | s3pool.Copy | ÷ io.Copy |\n|---|---|--:|--:|--:|\n", head)
		for _, l := range lines {
			fmt.Fprintf(b, "| %s | %v | %s | %s | %.2f |\n", l.res.Via, l.res.Size,
				median(l.res, copies.IO, trial.Wall, formatShort),
				median(l.res, copies.S3pool, trial.Wall, formatShort), l.ratio)
		}
		b.WriteString("\n")
	}
	write("above the limit", lines[:above])
	best := lines[max(above, len(lines)-fewCopies):]
	slices.Reverse(best)
	write("the best", best)
}

// formatShort is formatTime for what may take nanoseconds.
func formatShort(ns float64) string {
	if ns < 1e4 {
		return fmt.Sprintf("%.0f ns", ns)
	}
	return formatTime(ns)
}
