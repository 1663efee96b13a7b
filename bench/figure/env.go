package figure

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// An Env is what the figures have in common.
type Env struct {
	Full     bool   // take an hour and not minutes
	Root     string // of the repository
	Progress io.Writer
	Rounds   io.Writer // raw results, as benchstat reads them

	knees map[string]*load.Sweep
}

// A Figure is a section of the report, and how it is measured.
type Figure struct {
	Name    string
	Measure func(context.Context, *Env) (page.Section, error)
}

// All returns the figures in the report's order.
func All() []Figure {
	return []Figure{
		{"change", change},
		{"closed", closed},
		{"rate", rate},
		{"memory", memory},
		{"many", many},
		{"large", large},
		{"sizes", sizes},
		{"verify", verify},
		{"streams", streams},
		{"uploads", uploads},
		{"serve", serve},
		{"broken", broken},
		{"classic", classics},
		{"midnight", midnight},
	}
}

// pick returns what the mode asks for.
func pick[T any](e *Env, short, full T) T {
	if e.Full {
		return full
	}
	return short
}

// Run measures the figures and puts them into r.
func (e *Env) Run(ctx context.Context, r *page.Report, figures []Figure) error {
	e.knees = map[string]*load.Sweep{}
	for _, f := range figures {
		start := time.Now()
		s, err := f.Measure(ctx, e)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		s.Name = f.Name
		s.Command = "go run ./bench/cmd/report -only " + f.Name
		r.Sections = append(r.Sections, s)
		fmt.Fprintf(e.Progress, "%-10s %v\n", f.Name, time.Since(start).Round(time.Second))
	}
	return nil
}

// withServer runs f with a range server.
func withServer(ctx context.Context, opts server.Options, f func(*server.Target) error) (err error) {
	t, err := server.Start(ctx, "range", opts)
	if err != nil {
		return err
	}
	defer func() {
		if e := t.Close(); err == nil {
			err = e
		}
	}()
	return f(t)
}

// note writes a run as a line of benchstat's input.
func (e *Env) note(name string, r *load.Run) {
	fmt.Fprintf(e.Rounds, "BenchmarkLoad/%s/way=%s 1 %.4f cpu-s/GiB %.4f gc/GiB %.4f alloc/byte %d p50-ns %d p99-ns %d p999-ns %.2f served/s %d rss-bytes\n",
		name, r.Setup.Ways[0], r.CPUPerGiB(), r.GCsPerGiB(), r.AllocatedPerByte(),
		r.Latency.P50.Nanoseconds(), r.Latency.P99.Nanoseconds(), r.Latency.P999.Nanoseconds(), r.Served(), r.PeakRSS)
}

// noteTrial writes every round of a contest as benchstat's input.
func (e *Env) noteTrial(res *trial.Result) {
	for _, round := range res.Rounds {
		for i, s := range round {
			n := float64(s.Ops)
			fmt.Fprintf(e.Rounds, "Benchmark%s/%s/%s/size=%v/way=%s %d %.0f ns/op %.0f cpu-ns/op %.0f B/op %.1f allocs/op\n",
				title(res.Verb), res.Via, res.Scheme, res.Size, res.Rivals[i], s.Ops,
				float64(s.Usage.Wall)/n, float64(s.Usage.CPU)/n, float64(s.Usage.Bytes)/n, float64(s.Usage.Allocs)/n)
		}
	}
}

func title(s string) string { return string(s[0]-'a'+'A') + s[1:] }
