package page_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/page"
)

func sample() *page.Report {
	return &page.Report{
		Title: "A report", Mode: "short", Command: "make report", When: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC), Took: time.Minute,
		Machine: []page.Fact{{Name: "Go", Value: "go1.26"}},
		Sections: []page.Section{{
			Name: "first", Title: "The first <question>", Text: []string{"Text with `code & more`."}, Command: "go run .",
			Charts: []page.Chart{
				{Name: "bars", Title: "Bars", X: page.Axis{Label: "CPU", Log: true}, Categories: []string{"stock", "ours"}, Ours: []string{"ours"},
					Series: []page.Series{{Name: "CPU", Y: []float64{40, 0.4}}}},
				{Name: "groups", Title: "Groups", X: page.Axis{Label: "CPU"}, Categories: []string{"1K", "1M"},
					Series: []page.Series{{Name: "stock", Y: []float64{1, 2}}, {Name: "ours", Ours: true, Y: []float64{0, 1}}}},
				{Name: "lines", Title: "Lines", Y: page.Axis{Label: "ms", Log: true},
					Series: []page.Series{{Name: "ours", Ours: true, X: []float64{0, 1, 2}, Y: []float64{1, 100, 10000}}, {Name: "stock", Dashed: true, X: []float64{0, 2}, Y: []float64{3, 4}}},
					Marks:  []page.Mark{{X: 1, Label: "the change"}, {Y: 10, Level: true, Label: "budget"}}},
			},
			Tables: []page.Table{{Name: "t", Title: "A table", Label: "way", Columns: []page.Column{{Name: "CPU", Digits: 2}, {Name: "more", More: true}},
				Rows: []page.Row{{Label: "stock", Values: []*float64{new(12.345), nil}}, {Label: "ours", Ours: true, Values: []*float64{new(float64(1)), new(float64(3))}}}}},
			Verdicts: []page.Verdict{{Bound: "CPU ≤ 1", Measured: "0.5", Reached: true}, {Bound: "RSS ≤ 1", Measured: "2"}},
		}},
	}
}

func TestMarkdown(t *testing.T) {
	md := sample().Markdown()
	for _, want := range []string{
		"1 of 2 bounds are reached",
		"| way      |   CPU | more |\n|----------|------:|-----:|\n| stock    | 12.35 |    – |\n| **ours** |  1.00 |    3 |\n",
		`srcset="plots/bars.dark.svg"`, "**not reached:** RSS ≤ 1: 2", "- Go: go1.26",
	} {
		require.Contains(t, md, want)
	}
}

// TestWrite writes a report, reads its data and writes it again: nothing is drawn that is
// not in the data.
func TestWrite(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	require.NoError(t, sample().Write(a))
	again, err := page.Load(filepath.Join(a, "data.json"))
	require.NoError(t, err)
	require.NoError(t, again.Write(b))
	n := 0
	require.NoError(t, filepath.WalkDir(a, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		name, err := filepath.Rel(a, path)
		require.NoError(t, err)
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(b, name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), name)
		if strings.HasSuffix(name, ".svg") {
			requireXML(t, want)
		}
		return nil
	}))
	require.Equal(t, 3+6, n, "README.md, index.html, data.json and three charts, twice each")
}

func requireXML(t *testing.T, doc []byte) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(string(doc))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			require.NoError(t, err)
		}
	}
}

func TestTable(t *testing.T) {
	table, ok := sample().Table("t")
	require.True(t, ok)
	require.Equal(t, "12.35", table.Columns[0].Text(table.Rows[0].Values[0]))
	_, ok = sample().Table("none")
	require.False(t, ok)
}
