package page

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Markdown returns the table, in columns that fit a terminal of 80 characters if the
// names do.
func (t Table) Markdown() string {
	rows := [][]string{{t.Label}}
	for _, c := range t.Columns {
		rows[0] = append(rows[0], c.Name)
	}
	for _, r := range t.Rows {
		row := []string{r.Label}
		if r.Ours {
			row[0] = "**" + r.Label + "**"
		}
		for i, v := range r.Values {
			row = append(row, t.Columns[i].Text(v))
		}
		rows = append(rows, row)
	}
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				cell += pad
			} else {
				cell = pad + cell
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
		if n == 0 {
			for i, w := range width {
				if i == 0 {
					b.WriteString("|" + strings.Repeat("-", w+2))
				} else {
					b.WriteString("|" + strings.Repeat("-", w+1) + ":")
				}
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// Markdown returns the whole report. Its pictures are files beside it, see [Report.Write].
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s", r.Title, r.lead())
	fmt.Fprintf(&b, "\nThe same as [one page](index.html). The figures: [data.json](data.json); "+
		"those of every round: [rounds.txt](rounds.txt), for benchstat.\n")
	if n, all := r.reached(); all > 0 {
		fmt.Fprintf(&b, "\n%d of %d bounds are reached; what is not is marked.\n", n, all)
	}
	for _, s := range r.Sections {
		b.WriteString("\n" + s.markdown())
	}
	b.WriteString("\n## Machine and versions\n\n")
	for _, f := range r.Machine {
		fmt.Fprintf(&b, "- %s: %s\n", f.Name, f.Value)
	}
	return b.String()
}

func (r *Report) lead() string {
	return fmt.Sprintf("Made by `%s` (%s mode) on %s in %v. Everything is on one machine, over loopback: "+
		"the servers, the clients and what is measured share its processors. Lower is better unless a column says otherwise.\n",
		r.Command, r.Mode, r.When.UTC().Format("2006-01-02"), r.Took.Round(1e9))
}

func (r *Report) reached() (n, all int) {
	for _, s := range r.Sections {
		for _, v := range s.Verdicts {
			all++
			if v.Reached {
				n++
			}
		}
	}
	return n, all
}

func (s Section) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", s.Title)
	for _, p := range s.Text {
		b.WriteString(p + "\n\n")
	}
	for _, c := range s.Charts {
		fmt.Fprintf(&b, "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"%s\"><img alt=\"%s\" src=\"%s\"></picture>\n\n",
			c.file(Dark), c.Title, c.file(Light))
	}
	for _, t := range s.Tables {
		fmt.Fprintf(&b, "%s\n\n%s\n", t.Title, t.Markdown())
	}
	if len(s.Verdicts) > 0 {
		for _, v := range s.Verdicts {
			fmt.Fprintf(&b, "- %s %s: %s\n", v.mark(), v.Bound, v.Measured)
		}
		b.WriteString("\n")
	}
	if s.Command != "" {
		fmt.Fprintf(&b, "Alone: `%s`\n", s.Command)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (v Verdict) mark() string {
	if v.Reached {
		return "reached:"
	}
	return "**not reached:**"
}
