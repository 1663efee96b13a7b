package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// A table is Markdown whose columns are aligned in plain text too.
type table struct {
	head  []string
	right []bool // columns of numbers
	rows  [][]string
}

func (r result) table() table {
	t := table{
		head:  []string{"object", "constructor", "wall", "CPU", "alloc", "GCs", "CPU ÷ stock"},
		right: []bool{true, false, true, true, true, true, true},
	}
	for _, row := range r.rows {
		t.rows = append(t.rows, []string{
			row.object,
			row.way,
			duration(row.usage.wall),
			duration(row.usage.cpu),
			size(row.usage.bytes),
			fmt.Sprintf("%.1f", row.usage.gcs),
			ratio(row.first.cpu, row.usage.cpu),
		})
	}
	return t
}

func (t table) writeTo(w io.Writer) {
	width := make([]int, len(t.head))
	for _, cells := range append([][]string{t.head}, t.rows...) {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	line := func(cells []string) {
		for i, c := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if t.right[i] {
				c = pad + c
			} else {
				c += pad
			}
			fmt.Fprintf(w, "| %s ", c)
		}
		fmt.Fprintln(w, "|")
	}
	line(t.head)
	for i := range t.head {
		dashes := strings.Repeat("-", width[i])
		if t.right[i] {
			fmt.Fprintf(w, "| %s:", dashes)
		} else {
			fmt.Fprintf(w, "| %s ", dashes)
		}
	}
	fmt.Fprintln(w, "|")
	for _, cells := range t.rows {
		line(cells)
	}
}

// three prints three significant digits, without an exponent.
func three(v float64) string {
	switch {
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	case v < 99.95:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

func duration(d time.Duration) string {
	if d >= time.Second {
		return three(d.Seconds()) + " s"
	}
	return three(float64(d)/float64(time.Millisecond)) + " ms"
}

func size(bytes float64) string {
	if bytes >= 1e6 {
		return three(bytes/1e6) + " MB"
	}
	return three(bytes/1e3) + " KB"
}

// ratio is how many times the first one's CPU time this one has taken: less is better.
func ratio(first, this time.Duration) string {
	if first <= 0 || this <= 0 {
		return "?"
	}
	r := float64(this) / float64(first)
	if r < 0.0995 {
		return fmt.Sprintf("%.3f", r)
	}
	return three(r)
}
