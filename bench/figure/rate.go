package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
)

// swept are the ways whose rate is raised until they no longer bear it.
var swept = []string{load.Manager, load.ManagerSized, load.Manager5MiB, load.TMSized, load.Minio, load.DropIn, load.DropInPooled, load.Client, load.SDK, load.Raw}

// knee returns the sweep of a way, which is measured once.
func (e *Env) knee(ctx context.Context, t *server.Target, way string) (*load.Sweep, error) {
	if s := e.knees[way]; s != nil {
		return s, nil
	}
	plan := load.Plan{Warm: pick(e, 300*time.Millisecond, 2*time.Second), For: pick(e, 1500*time.Millisecond, 15*time.Second), Seed: 2}
	s, err := load.FindKnee(ctx, t, load.Setup{Ways: []string{way}}, plan, pick(e, 2, 5))
	if err != nil {
		return nil, err
	}
	for _, r := range s.Runs {
		e.note(fmt.Sprintf("rate=%.0f", r.Rate), r)
	}
	e.knees[way] = s
	return s, nil
}

// rate raises the rate of an open loop until a way no longer bears it, and then compares
// all at the rate that the 5 MiB provider just bears.
func rate(ctx context.Context, e *Env) (page.Section, error) {
	ways, err := load.Find(swept...)
	if err != nil {
		return page.Section{}, err
	}
	knees := page.Table{Name: "knee", Title: fmt.Sprintf("The highest rate at which 99 of 100 requests take %v at most", load.Limit), Label: "way",
		Columns: []page.Column{{Name: "requests/s ↑", More: true}}}
	curve := page.Chart{Name: "rate-p99", Title: "p99 over the rate at which requests arrive",
		X: page.Axis{Label: "requests due in a second", Log: true}, Y: page.Axis{Label: "p99, ms", Log: true}}
	at := page.Table{Name: "rate", Label: "way", Columns: []page.Column{
		{Name: "p50 ms", Digits: 1}, {Name: "p99 ms", Digits: 1}, {Name: "p99.9 ms", Digits: 1}, {Name: "CPUs", Digits: 2}, {Name: "GCs/s", Digits: 2}, {Name: "RSS MiB"}}}
	p99 := map[string]float64{}
	var same float64
	err = withServer(ctx, server.Options{}, func(t *server.Target) error {
		for _, w := range ways {
			s, err := e.knee(ctx, t, w.Name)
			if err != nil {
				return err
			}
			knees.Rows = append(knees.Rows, page.Row{Label: w.Name, Ours: w.Ours, Values: []*float64{new(s.Knee)}})
			line := page.Series{Name: w.Name, Ours: w.Ours}
			for _, r := range s.Runs {
				line.X, line.Y = append(line.X, r.Rate), append(line.Y, ms(r.Latency.P99))
			}
			curve.Series = append(curve.Series, line)
		}
		same = e.knees[load.Manager5MiB].Knee
		plan := load.Plan{Rate: same, Warm: time.Second, For: pick(e, 4*time.Second, 30*time.Second), Seed: 3}
		for _, w := range ways {
			if w.Name == load.Manager {
				continue // it bears a small part of this rate
			}
			r, err := load.Bear(ctx, t, load.Setup{Ways: []string{w.Name}}, plan)
			if err != nil {
				return err
			}
			e.note(fmt.Sprintf("same-rate=%.0f", same), r)
			p99[w.Name] = ms(r.Latency.P99)
			at.Rows = append(at.Rows, page.Row{Label: w.Name, Ours: w.Ours, Values: []*float64{
				new(ms(r.Latency.P50)), new(p99[w.Name]), new(ms(r.Latency.P999)),
				new(r.CPU.Seconds() / r.Took.Seconds()), new(float64(r.GCs) / r.Took.Seconds()), new(rss(r))}})
		}
		return nil
	})
	if err != nil {
		return page.Section{}, err
	}
	at.Title = fmt.Sprintf("All at %.0f requests a second, which `%s` just bears", same, load.Manager5MiB)
	s := page.Section{
		Title: "Requests that arrive at a fixed rate",
		Text: []string{
			"Requests arrive at a fixed rate, whatever becomes of those before, and a request's time counts from the moment at which it was due. So a pause of the server makes all those late that were due in it.",
			"The clients and the S3 server share the machine's processors with the API server: the highest rates are the machine's as much as the server's.",
		},
		Tables: []page.Table{knees, at},
		Charts: []page.Chart{curve, bars("rate-same", "p99 at the same rate", at, 1, "ms", true)},
	}
	s.Verdicts = append(s.Verdicts,
		atMost("p99 of `client` ÷ `manager5m` at the same rate", p99[load.Client], p99[load.Manager5MiB], 0.5),
		atMost("p99 of `s3pool` ÷ `manager5m` at the same rate", p99[load.DropIn], p99[load.Manager5MiB], 0.5))
	for _, peer := range []string{load.ManagerSized, load.TMSized, load.Minio, load.SDK} {
		s.Verdicts = append(s.Verdicts, atMost("p99 of `client` ÷ `"+peer+"` at the same rate", p99[load.Client], p99[peer], 1))
	}
	return s, nil
}
