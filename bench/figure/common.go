package figure

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

const mib = 1 << 20

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median returns the median of what f says of some values.
func median[T any](list []T, f func(T) float64) float64 {
	var v []float64
	for _, x := range list {
		v = append(v, f(x))
	}
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// atMost is a bound: ours is at most limit times theirs.
func atMost(what string, ours, theirs, limit float64) page.Verdict {
	ratio := ours / theirs
	return page.Verdict{Bound: fmt.Sprintf("%s ≤ %s", what, ratioText(limit)), Measured: ratioText(ratio), Reached: ratio <= limit}
}

// ratioText writes a ratio below a tenth as a fraction.
func ratioText(r float64) string {
	switch {
	case math.IsNaN(r) || math.IsInf(r, 0):
		return "not known"
	case r == 0:
		return "0"
	case r < 0.1:
		return fmt.Sprintf("1/%.0f", 1/r)
	default:
		return fmt.Sprintf("%.2f", r)
	}
}

// isOurs reports whether a rival of package rival is ours.
func isOurs(name string) bool { return strings.HasPrefix(name, rival.S3pool) }

// contest holds one contest at some sizes.
func (e *Env) contest(ctx context.Context, t *server.Target, plan trial.Plan, c rival.Contest, sizes []rival.Size) ([]*trial.Result, error) {
	dir, err := os.MkdirTemp("", "s3pool-report-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var list []*trial.Result
	for _, size := range sizes {
		res, err := trial.RunApart(ctx, plan, c, rival.NewScene(t, size, dir))
		if err != nil {
			return nil, fmt.Errorf("%s %s %v: %w", c.Verb, c.Via, size, err)
		}
		e.noteTrial(res)
		list = append(list, res)
	}
	return list, nil
}

// find returns the contest of that name, with some of its rivals only, if any are named.
func find(verb, via string, only ...string) (rival.Contest, error) {
	for _, c := range rival.Contests() {
		if !c.Is(verb, via) {
			continue
		}
		if len(only) > 0 {
			c.Entries = slices.DeleteFunc(slices.Clone(c.Entries), func(e rival.Entry) bool { return !slices.Contains(only, e.Name) })
		}
		return c, nil
	}
	return rival.Contest{}, fmt.Errorf("there is no contest %s %s", verb, via)
}

// bySize makes a table of a metric: a row for each rival, a column for each size.
func bySize(name, title string, results []*trial.Result, m trial.Metric, scale float64, digits int) page.Table {
	t := page.Table{Name: name, Title: title, Label: "way"}
	for _, res := range results {
		t.Columns = append(t.Columns, page.Column{Name: res.Size.String(), Digits: digits})
	}
	for _, rivalName := range results[0].Rivals {
		row := page.Row{Label: rivalName, Ours: isOurs(rivalName)}
		for _, res := range results {
			row.Values = append(row.Values, value(res, rivalName, m, scale))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func value(res *trial.Result, name string, m trial.Metric, scale float64) *float64 {
	s, ok := res.Of(name, m)
	if !ok {
		return nil
	}
	return new(s.Median * scale)
}

// lines makes a chart of a metric over the size.
func lines(name, title, label string, results []*trial.Result, m trial.Metric, scale float64) page.Chart {
	c := page.Chart{Name: name, Title: title, X: page.Axis{Label: "object, KiB", Log: true}, Y: page.Axis{Label: label, Log: true}}
	for _, rivalName := range results[0].Rivals {
		s := page.Series{Name: rivalName, Ours: isOurs(rivalName)}
		for _, res := range results {
			if v := value(res, rivalName, m, scale); v != nil {
				s.X, s.Y = append(s.X, float64(res.Size)/1024), append(s.Y, *v)
			}
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// bars makes a chart of one column of a table.
func bars(name, title string, t page.Table, column int, label string, log bool) page.Chart {
	c := page.Chart{Name: name, Title: title, X: page.Axis{Label: label, Log: log}, Series: []page.Series{{Name: t.Columns[column].Name}}}
	for _, r := range t.Rows {
		v := r.Values[column]
		if v == nil {
			continue
		}
		c.Categories = append(c.Categories, r.Label)
		c.Series[0].Y = append(c.Series[0].Y, *v)
		if r.Ours {
			c.Ours = append(c.Ours, r.Label)
		}
	}
	return c
}

// ratio returns the median of the ratios of two rivals, or NaN.
func ratio(res *trial.Result, ours, theirs string, m trial.Metric) float64 {
	s, ok := res.Ratio(ours, theirs, m)
	if !ok {
		return math.NaN()
	}
	return s.Median
}

// texts describes the ways of a load.
func texts(ways []load.Way) string {
	var list []string
	for _, w := range ways {
		list = append(list, "`"+w.Name+"`: "+w.Text)
	}
	return strings.Join(list, "; ") + "."
}
