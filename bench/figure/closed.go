package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
)

// closed is 32 clients that ask again as soon as they are answered.
func closed(ctx context.Context, e *Env) (page.Section, error) {
	const clients = 32
	plan := load.Plan{Clients: clients, Warm: pick(e, time.Second, 3*time.Second), For: pick(e, 3*time.Second, 15*time.Second), Seed: 1}
	rounds := pick(e, 2, 5)
	runs := map[string][]*load.Run{}
	err := withServer(ctx, server.Options{}, func(t *server.Target) error {
		for range rounds {
			for _, w := range load.Ways() {
				r, err := load.Bear(ctx, t, load.Setup{Ways: []string{w.Name}}, plan)
				if err != nil {
					return err
				}
				e.note(fmt.Sprintf("closed=%d", clients), r)
				runs[w.Name] = append(runs[w.Name], r)
			}
		}
		return nil
	})
	if err != nil {
		return page.Section{}, err
	}
	t := page.Table{
		Name: "closed", Title: fmt.Sprintf("An API server under %d clients; medians of %d rounds", clients, rounds), Label: "way",
		Columns: []page.Column{
			{Name: "CPU s/GiB", Digits: 2}, {Name: "GCs/GiB", Digits: 2}, {Name: "B/byte", Digits: 2},
			{Name: "p50 ms", Digits: 1}, {Name: "p99 ms", Digits: 0}, {Name: "RSS MiB", Digits: 0},
		},
	}
	get := map[string]func(func(*load.Run) float64) float64{}
	for _, w := range load.Ways() {
		m := func(f func(*load.Run) float64) float64 { return median(runs[w.Name], f) }
		get[w.Name] = m
		t.Rows = append(t.Rows, page.Row{Label: w.Name, Ours: w.Ours, Values: []*float64{
			new(m((*load.Run).CPUPerGiB)), new(m((*load.Run).GCsPerGiB)), new(m((*load.Run).AllocatedPerByte)),
			new(m(func(r *load.Run) float64 { return ms(r.Latency.P50) })), new(m(func(r *load.Run) float64 { return ms(r.Latency.P99) })), new(m(rss)),
		}})
	}
	s := page.Section{
		Title: fmt.Sprintf("%d clients at a time", clients),
		Text: []string{
			fmt.Sprintf("An API server downloads one object of 100 KB to 30 MB (most of them small, %.1f MB on average) into memory for each request, and answers with its size. The figures are that process's alone. RSS is the most that was resident.", load.Usual.Mean()/1e6),
			texts(load.Ways()),
			fmt.Sprintf("`%s` and `%s` are floors that know each object's size beforehand. Of all ways `%s` alone verifies what it downloads. The pools have a budget of %d MiB, and the programs that have one a GOMEMLIMIT of %d MiB more.", load.SDK, load.Raw, load.Client, load.Budget>>20, load.Besides>>20),
		},
		Tables: []page.Table{t},
		Charts: []page.Chart{
			bars("closed-cpu", "CPU of an API server, seconds for each GiB downloaded", t, 0, "CPU s/GiB, logarithmic", true),
			bars("closed-rss", "The most memory that was resident", t, 5, "MiB", false),
		},
	}
	cpu := func(name string) float64 { return get[name]((*load.Run).CPUPerGiB) }
	gcs := func(name string) float64 { return get[name]((*load.Run).GCsPerGiB) }
	s.Verdicts = []page.Verdict{
		atMost("CPU of `client` ÷ `manager`", cpu(load.Client), cpu(load.Manager), 1.0/50),
		atMost("collections of `client` ÷ `manager`", gcs(load.Client), gcs(load.Manager), 1.0/1000),
		atMost("CPU of `client` ÷ `manager5m`", cpu(load.Client), cpu(load.Manager5MiB), 0.5),
		atMost("collections of `client` ÷ `manager5m`", gcs(load.Client), gcs(load.Manager5MiB), 1.0/20),
		atMost("CPU of `s3pool` ÷ `manager5m`", cpu(load.DropIn), cpu(load.Manager5MiB), 0.8),
		atMost("CPU of `client` ÷ `raw`", cpu(load.Client), cpu(load.Raw), 1.15),
	}
	for _, peer := range []string{load.ManagerSized, load.TMSized, load.Minio} {
		s.Verdicts = append(s.Verdicts, atMost("CPU of `client` ÷ `"+peer+"`", cpu(load.Client), cpu(peer), 1))
	}
	const slack = 64
	for _, name := range []string{load.Client, load.DropInPooled} {
		got := get[name](rss)
		s.Verdicts = append(s.Verdicts, page.Verdict{
			Bound:    fmt.Sprintf("RSS of `%s` ≤ budget + %d MiB = %d MiB", name, slack, load.Budget>>20+slack),
			Measured: fmt.Sprintf("%.0f MiB", got), Reached: got <= float64(load.Budget>>20+slack),
		})
	}
	return s, nil
}

func rss(r *load.Run) float64 { return float64(r.PeakRSS) / mib }
