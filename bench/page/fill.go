package page

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A document shows tables of a report between two comments:
//
//	<!-- report: closed [rows: manager, client] [columns: CPU s/GiB, RSS MiB] -->
//	...
//	<!-- end -->
var block = regexp.MustCompile(`(?s)<!-- report: ([a-z0-9-]+)((?: \[[a-z]+: [^\]]*\])*) -->\n.*?<!-- end -->`)

var selection = regexp.MustCompile(`\[([a-z]+): ([^\]]*)\]`)

// Fill returns a document with the tables that it shows as they are in the report. It fails
// if the document asks for a table, row or column that the report does not have.
func (r *Report) Fill(document string) (string, error) {
	var failed error
	filled := block.ReplaceAllStringFunc(document, func(old string) string {
		m := block.FindStringSubmatch(old)
		t, ok := r.Table(m[1])
		if !ok {
			failed = fmt.Errorf("the report has no table %q", m[1])
			return old
		}
		for _, s := range selection.FindAllStringSubmatch(m[2], -1) {
			names := strings.Split(s[2], ", ")
			var err error
			switch s[1] {
			case "rows":
				t, err = t.rows(names)
			case "columns":
				t, err = t.columns(names)
			default:
				err = fmt.Errorf("%q selects nothing", s[1])
			}
			if err != nil {
				failed = fmt.Errorf("table %q: %w", m[1], err)
				return old
			}
		}
		head, _, _ := strings.Cut(old, "\n")
		return head + "\n" + t.Markdown() + "<!-- end -->"
	})
	return filled, failed
}

func (t Table) rows(names []string) (Table, error) {
	var list []Row
	for _, name := range names {
		i := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Label == name })
		if i < 0 {
			return t, fmt.Errorf("there is no row %q", name)
		}
		list = append(list, t.Rows[i])
	}
	t.Rows = list
	return t, nil
}

func (t Table) columns(names []string) (Table, error) {
	var columns []Column
	rows := make([]Row, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = Row{Label: r.Label, Ours: r.Ours}
	}
	for _, name := range names {
		k := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
		if k < 0 {
			return t, fmt.Errorf("there is no column %q", name)
		}
		columns = append(columns, t.Columns[k])
		for i, r := range t.Rows {
			rows[i].Values = append(rows[i].Values, r.Values[k])
		}
	}
	t.Columns, t.Rows = columns, rows
	return t, nil
}

// Prose returns a document without its code and without what [Report.Fill] fills.
func Prose(document string) string {
	document = block.ReplaceAllString(document, "")
	document = regexp.MustCompile("(?s)```.*?```").ReplaceAllString(document, "")
	document = regexp.MustCompile("(?m)^    .*$").ReplaceAllString(document, "")
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(document, "")
}

// measured is what a measured figure looks like in a text.
var measured = regexp.MustCompile(`\d[\d.,]* ?(?:×|ms\b|µs\b|s/GiB|MB/s|GCs|times (?:less|as|faster)|percent|倍|ミリ秒)|1/\d+ `)

// Figures returns what looks like measured figures in the prose of a document. A document
// has them in the report's tables.
func Figures(document string) []string { return measured.FindAllString(Prose(document), -1) }

// Documents returns the files, from the repository's root, that show tables of the report.
func Documents() []string { return []string{"README.md", "README.ja.md", "BENCHMARKS.md"} }
