package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/server"
)

// bear gives each way its load, prints what has come of it, and returns it.
func (cfg config) bear(ctx context.Context, t *server.Target, out io.Writer) (any, error) {
	switch {
	case cfg.change:
		return cfg.bearChange(ctx, t, out)
	case cfg.knee:
		return cfg.bearKnee(ctx, t, out)
	}
	fmt.Fprintln(out, "way             req/s  p50 ms  p99 ms p99.9 ms CPU s/GiB GC/GiB   RSS MB")
	var runs []*load.Run
	for _, way := range cfg.ways {
		r, err := load.Bear(ctx, t, cfg.setup(way.Name), cfg.plan)
		if err != nil {
			return nil, err
		}
		late := ""
		if r.Late {
			late = " late"
		}
		fmt.Fprintf(out, "%-14s %6.1f %7.1f %7.1f %8.1f %9.2f %6.1f %8.0f%s\n", way.Name, r.Served(),
			ms(r.Latency.P50), ms(r.Latency.P99), ms(r.Latency.P999), r.CPUPerGiB(), r.GCsPerGiB(), mb(r.PeakRSS), late)
		runs = append(runs, r)
	}
	return runs, nil
}

func (cfg config) bearKnee(ctx context.Context, t *server.Target, out io.Writer) (any, error) {
	fmt.Fprintf(out, "The highest rate at which 99 in 100 requests take %v at most.\n\nway              req/s\n", load.Limit)
	var sweeps []*load.Sweep
	for _, way := range cfg.ways {
		s, err := load.FindKnee(ctx, t, cfg.setup(way.Name), cfg.plan, cfg.steps)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "%-14s %7.0f\n", way.Name, s.Knee)
		sweeps = append(sweeps, s)
	}
	return sweeps, nil
}

// points is how many lines the time line of a change has.
const points = 20

func (cfg config) bearChange(ctx context.Context, t *server.Target, out io.Writer) (any, error) {
	plan := cfg.plan
	plan.Change, plan.Every = plan.For/2, plan.For/points
	r, err := load.Bear(ctx, t, cfg.setup(load.Manager, load.DropIn), plan)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(out, "  time    p50 ms    p99 ms   CPUs   GC/s   RSS MB")
	for _, p := range r.Line {
		if p.At > plan.Change && p.At-plan.Change < plan.Every {
			fmt.Fprintln(out, "------- from here on s3pool.NewDownloader -------")
		}
		fmt.Fprintf(out, "%6.1f %9.1f %9.1f %6.2f %6.1f %8.0f\n", p.At.Seconds(), ms(p.Latency.P50), ms(p.Latency.P99), p.CPU, p.GCs, mb(p.RSS))
	}
	return r, nil
}

func (cfg config) setup(ways ...string) load.Setup {
	return load.Setup{Ways: ways, Budget: cfg.budget, Decode: cfg.decode}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mb(n int64) float64 { return float64(n) / 1e6 }

func writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o666)
}
