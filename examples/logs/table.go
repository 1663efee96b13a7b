package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// writeTable prints the figures in Markdown, in columns.
func writeTable(out io.Writer, w world, courses []course) {
	t := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| keys\t| client\t| before\t| after\t| 503s\t| end\t| written\t| parts\t|")
	fmt.Fprintln(t, "|---\t|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for _, c := range courses {
		before, _ := c.mean(-15, 0)
		after, refused := c.mean(0, 30)
		last := c.samples[len(c.samples)-1]
		end, _ := c.mean(last.minutes-15, last.minutes)
		fmt.Fprintf(t, "| %s\t| %s\t| %.0f\t| %.0f\t| %.0f\t| %.0f\t| %.0f %%\t| %d\t|\n",
			c.keys(), c.client, before, after, refused, end, 100*float64(c.written)/float64(max(c.due, 1)), last.partitions)
	}
	t.Flush()
	fmt.Fprint(out, "\nFiles written per second before midnight, in the half hour after it (and the\n503s in it) and in the last quarter of an hour; of all that were due; partitions\n(parts) at the end.\n")
	fmt.Fprintf(out, "\nOf S3: a partition takes %d writes a second, %.0f are due in a second.\nSimulated with a %.0fth of the rates and %.0f minutes in a second.\n",
		partitionWrites, w.due()*w.slower, w.slower, w.faster/60)
}
