package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
)

// many is the cost of a GiB with ever more transfers at a time, and ever larger objects.
func many(ctx context.Context, e *Env) (page.Section, error) {
	counts := []int{1, 10, 100, 1000}
	names := []string{load.Manager5MiB, load.Client, load.Raw}
	large := pick(e, []rival.Size{1 << 20, 16 << 20, 128 << 20, 256 << 20}, []rival.Size{1 << 20, 4 << 20, 16 << 20, 64 << 20, 128 << 20, 256 << 20})
	at := page.Table{Name: "many", Title: "CPU s/GiB by transfers at a time, objects of 1 MiB", Label: "way"}
	by := page.Table{Name: "large", Title: "CPU s/GiB by size of the objects, four at a time", Label: "way"}
	for _, n := range counts {
		at.Columns = append(at.Columns, page.Column{Name: fmt.Sprint(n), Digits: 2})
	}
	for _, size := range large {
		by.Columns = append(by.Columns, page.Column{Name: size.String(), Digits: 2})
	}
	ways, err := load.Find(names...)
	if err != nil {
		return page.Section{}, err
	}
	var flat []page.Verdict
	err = withServer(ctx, server.Options{}, func(t *server.Target) error {
		for _, w := range ways {
			a, b := page.Row{Label: w.Name, Ours: w.Ours}, page.Row{Label: w.Name, Ours: w.Ours}
			for _, n := range counts {
				v, err := e.cost(ctx, t, w.Name, load.Plan{Clients: n, Mix: load.Mix{{Size: 1 << 20, Weight: 1}}})
				if err != nil {
					return err
				}
				a.Values = append(a.Values, v)
			}
			for _, size := range large {
				v, err := e.cost(ctx, t, w.Name, load.Plan{Clients: 4, Mix: load.Mix{{Size: size, Weight: 1}}})
				if err != nil {
					return err
				}
				b.Values = append(b.Values, v)
			}
			at.Rows, by.Rows = append(at.Rows, a), append(by.Rows, b)
			if w.Name == load.Client {
				flat = append(flat,
					atMost("`client`: CPU with 1,000 transfers ÷ with 10", *a.Values[3], *a.Values[1], 1.2),
					atMost("`client`: CPU for the largest objects ÷ for 16 MiB", *b.Values[len(b.Values)-1], *b.Values[at16(large)], 1.2))
			}
		}
		return nil
	})
	if err != nil {
		return page.Section{}, err
	}
	return page.Section{
		Title: "Many transfers and large objects",
		Text:  []string{fmt.Sprintf("What a GiB costs must not depend on how many transfers there are, nor on their size. `%s` has a pool of %d GiB here, so that all of them have room.", load.Client, roomy>>30)},
		Charts: []page.Chart{
			curve("many", "CPU by transfers at a time", "transfers", counts, at),
			curve("large", "CPU by size", "object, MiB", inMiB(large), by),
		},
		Tables: []page.Table{at, by}, Verdicts: flat,
	}, nil
}

// roomy is a budget for a thousand objects.
const roomy = 4 << 30

func (e *Env) cost(ctx context.Context, t *server.Target, way string, plan load.Plan) (*float64, error) {
	plan.Warm, plan.For = 500*time.Millisecond, pick(e, 1500*time.Millisecond, 10*time.Second)
	r, err := load.Bear(ctx, t, load.Setup{Ways: []string{way}, Budget: roomy}, plan)
	if err != nil {
		return nil, err
	}
	e.note(fmt.Sprintf("clients=%d/size=%v", plan.Clients, plan.Mix[0].Size), r)
	return new(r.CPUPerGiB()), nil
}

func at16(sizes []rival.Size) int {
	for i, s := range sizes {
		if s == 16<<20 {
			return i
		}
	}
	return 0
}

func inMiB(sizes []rival.Size) (list []int) {
	for _, s := range sizes {
		list = append(list, int(s>>20))
	}
	return list
}

// curve draws the rows of a table whose columns are numbers.
func curve(name, title, label string, xs []int, t page.Table) page.Chart {
	c := page.Chart{Name: name, Title: title, X: page.Axis{Label: label, Log: true}, Y: page.Axis{Label: "CPU s/GiB"}}
	for _, r := range t.Rows {
		s := page.Series{Name: r.Label, Ours: r.Ours}
		for i, v := range r.Values {
			s.X, s.Y = append(s.X, float64(xs[i])), append(s.Y, *v)
		}
		c.Series = append(c.Series, s)
	}
	return c
}
