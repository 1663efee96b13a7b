package figure

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
)

// change is the picture that the project comes from: one server, and one line of it changed
// while it runs.
func change(ctx context.Context, e *Env) (page.Section, error) {
	half := pick(e, 10*time.Second, time.Minute)
	var run *load.Run
	err := withServer(ctx, server.Options{}, func(t *server.Target) error {
		stock, err := e.knee(ctx, t, load.Manager)
		if err != nil {
			return err
		}
		rate := math.Max(4, math.Floor(stock.Knee*0.6))
		run, err = load.Bear(ctx, t, load.Setup{Ways: []string{load.Manager, load.DropIn}, Decode: true}, load.Plan{
			Rate: rate, Warm: 2 * time.Second, For: 2 * half, Every: half / 10, Change: half, Seed: 4,
		})
		return err
	})
	if err != nil {
		return page.Section{}, err
	}
	e.note("change", run)
	at := []page.Mark{{X: half.Seconds(), Label: "s3pool.NewDownloader"}}
	chart := func(name, title, label string, log bool, ys ...func(load.Point) float64) page.Chart {
		c := page.Chart{Name: "change-" + name, Title: title, X: page.Axis{Label: "seconds"}, Y: page.Axis{Label: label, Log: log}, Marks: at}
		for i, y := range ys {
			s := page.Series{Name: []string{"p99", "p50"}[i], Ours: i == 0}
			if len(ys) == 1 {
				s.Name = label
			}
			for _, p := range run.Line {
				s.X, s.Y = append(s.X, p.At.Seconds()), append(s.Y, y(p))
			}
			c.Series = append(c.Series, s)
		}
		return c
	}
	sides := page.Table{Name: "change", Title: "The two halves", Label: "NewDownloader of", Columns: []page.Column{
		{Name: "p50 ms", Digits: 1}, {Name: "p99 ms", Digits: 1}, {Name: "CPUs", Digits: 3}, {Name: "GCs/s", Digits: 2}, {Name: "alloc MB/s", Digits: 1}, {Name: "RSS MiB"}}}
	for i, name := range []string{"manager", "s3pool"} {
		var points []load.Point
		for _, p := range run.Line {
			// The interval in which the change falls belongs to nobody.
			if d := p.At - half; i == 0 && d < 0 || i == 1 && d > half/10 {
				points = append(points, p)
			}
		}
		m := func(f func(load.Point) float64) *float64 { return new(median(points, f)) }
		sides.Rows = append(sides.Rows, page.Row{Label: name, Ours: i == 1, Values: []*float64{
			m(p50), m(p99), m(cpus), m(collections), m(func(p load.Point) float64 { return p.Allocated / 1e6 }), m(resident)}})
	}
	return page.Section{
		Title: "One line, changed in the middle",
		Text: []string{
			fmt.Sprintf("One API server that downloads objects of 100 KB to 30 MB and decodes a picture for each of %.0f requests a second. For the first half it uses `manager.NewDownloader`, from then on `s3pool.NewDownloader`; both download into a `manager.WriteAtBuffer`. Nothing else changes.", run.Rate),
			"The table has medians over the intervals of each half.",
		},
		Charts: []page.Chart{
			chart("latency", "Latency", "ms", true, p99, p50),
			chart("cpu", "Processors in use", "CPUs", false, cpus),
			chart("gc", "Garbage collections", "collections/s", false, collections),
			chart("rss", "Memory resident", "MiB", false, resident),
		},
		Tables: []page.Table{sides},
	}, nil
}

func p50(p load.Point) float64         { return ms(p.Latency.P50) }
func p99(p load.Point) float64         { return ms(p.Latency.P99) }
func cpus(p load.Point) float64        { return p.CPU }
func collections(p load.Point) float64 { return p.GCs }
func resident(p load.Point) float64    { return float64(p.RSS) / mib }
