package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
)

// memory is what is resident over time, with more transfers than a budget has room for.
func memory(ctx context.Context, e *Env) (page.Section, error) {
	const clients = 64
	plan := load.Plan{Clients: clients, For: pick(e, 6*time.Second, time.Minute), Seed: 5}
	plan.Every = plan.For / 40
	chart := page.Chart{Name: "memory", Title: fmt.Sprintf("Memory of an API server with %d clients", clients),
		X: page.Axis{Label: "seconds"}, Y: page.Axis{Label: "MiB resident"},
		Marks: []page.Mark{{Y: load.Budget >> 20, Level: true, Label: "the pools' budget"}}}
	t := page.Table{Name: "memory", Title: fmt.Sprintf("%d clients, pools of %d MiB", clients, load.Budget>>20), Label: "way",
		Columns: []page.Column{{Name: "mean MiB"}, {Name: "most MiB"}, {Name: "p99 ms"}}}
	ways, err := load.Find(load.Manager5MiB, load.ManagerSized, load.DropIn, load.DropInPooled, load.Client, load.SDK)
	if err != nil {
		return page.Section{}, err
	}
	var f limit.Footprint
	l := limit.Load{Gets: 64, Size: 30 << 20, MaxBytes: 128 << 20}
	err = withServer(ctx, server.Options{}, func(target *server.Target) error {
		for _, w := range ways {
			r, err := load.Bear(ctx, target, load.Setup{Ways: []string{w.Name}}, plan)
			if err != nil {
				return err
			}
			e.note(fmt.Sprintf("memory=%d", clients), r)
			s := page.Series{Name: w.Name, Ours: w.Ours}
			for _, p := range r.Line {
				s.X, s.Y = append(s.X, p.At.Seconds()), append(s.Y, resident(p))
			}
			chart.Series = append(chart.Series, s)
			t.Rows = append(t.Rows, page.Row{Label: w.Name, Ours: w.Ours, Values: []*float64{
				new(float64(r.RSS) / mib), new(rss(r)), new(ms(r.Latency.P99))}})
		}
		f, err = limit.Memory(ctx, l)
		return err
	})
	const slack = 64 << 20
	return page.Section{
		Title:  "Memory on a budget",
		Text:   []string{fmt.Sprintf("The same API server with %d clients at a time. `%s` and `%s` have a pool of %d MiB; nobody else can be told how much they may take. A request that has no room waits.", clients, load.DropInPooled, load.Client, load.Budget>>20)},
		Charts: []page.Chart{chart}, Tables: []page.Table{t},
		Verdicts: []page.Verdict{
			{Bound: "64 Gets of 30 MiB at once on 128 MiB: leased ≤ budget", Measured: fmt.Sprintf("%d MiB", f.Leased>>20), Reached: f.Leased <= l.MaxBytes},
			{Bound: "the same: resident ≤ budget + 64 MiB", Measured: fmt.Sprintf("%d MiB", f.Peak>>20), Reached: f.Peak <= l.MaxBytes+slack},
		},
	}, err
}
