package page

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// A Report is all that was measured in one run.
type Report struct {
	Title    string
	Mode     string // "short" or "full"
	Command  string // that makes it again
	When     time.Time
	Took     time.Duration
	Machine  []Fact
	Sections []Section
}

// A Fact is a line about the machine or the versions.
type Fact struct{ Name, Value string }

// A Section is about one question.
type Section struct {
	Name     string // in file names and links: lower-case letters
	Title    string
	Text     []string // paragraphs
	Command  string   // that measures it alone, or empty
	Charts   []Chart
	Tables   []Table
	Verdicts []Verdict
}

// A Verdict is a bound that the project has set itself, and what was measured.
type Verdict struct {
	Bound, Measured string
	Reached         bool
}

// A Table has one row for each way to do something. What is not known is nil.
type Table struct {
	Name    string // unique in the report
	Title   string
	Label   string // heads the first column
	Columns []Column
	Rows    []Row
}

// A Column is one figure of every row. Less is better, unless More is set.
type Column struct {
	Name   string
	Digits int // behind the point
	More   bool
}

// A Row is one way.
type Row struct {
	Label  string
	Ours   bool
	Values []*float64
}

// A Chart is a picture. With Categories it is of bars, one for each category and series;
// otherwise of lines.
type Chart struct {
	Name       string // unique in the report: the picture's file name
	Title      string
	X, Y       Axis
	Categories []string `json:",omitempty"`
	Ours       []string `json:",omitempty"` // categories that are ours, in a chart with one series
	Series     []Series
	Marks      []Mark `json:",omitempty"`
}

// An Axis has a label, with the unit in it.
type Axis struct {
	Label string
	Log   bool
}

// A Series is one line, or the bars of one kind. X is nil for bars.
type Series struct {
	Name   string
	Ours   bool
	Dashed bool      `json:",omitempty"`
	X      []float64 `json:",omitempty"`
	Y      []float64
}

// A Mark is a vertical line at X, or a horizontal one at Y.
type Mark struct {
	X, Y  float64
	Label string
	Level bool // horizontal
}

// Known returns v as a table's value.
//
//go:fix inline
func Known(v float64) *float64 { return new(v) }

// Text formats a value as it is shown in column c.
func (c Column) Text(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.*f", c.Digits, *v)
}

// Load reads a report that [Report.Save] has written.
func Load(file string) (*Report, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &r, nil
}

// Save writes the report's data.
func (r *Report) Save(file string) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o666)
}

// Table returns the table of that name.
func (r *Report) Table(name string) (Table, bool) {
	for _, s := range r.Sections {
		for _, t := range s.Tables {
			if t.Name == name {
				return t, true
			}
		}
	}
	return Table{}, false
}
