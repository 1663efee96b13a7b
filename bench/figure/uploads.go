package figure

import (
	"context"
	"fmt"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// uploads is streams of unknown length, and what memory they take.
func uploads(ctx context.Context, e *Env) (page.Section, error) {
	c, err := find("client", "putstream")
	if err != nil {
		return page.Section{}, err
	}
	var res []*trial.Result
	err = withServer(ctx, server.Options{}, func(t *server.Target) (err error) {
		res, err = e.contest(ctx, t, e.plan(), c, []rival.Size{10 << 10, 100 << 10, 1200 << 10, 10 << 20, 64 << 20})
		return err
	})
	if err != nil {
		return page.Section{}, err
	}
	const budget = 64 << 20
	t := page.Table{Name: "uploads-memory", Title: "The most MiB resident: 8 streams of 64 MiB at once, ours on a budget of 64 MiB", Label: "way", Columns: []page.Column{{Name: "MiB"}}}
	var ours limit.Footprint
	for _, way := range limit.Uploaders() {
		f, err := limit.Uploads{Way: way, AtOnce: 8, InTurn: 1, Size: 64 << 20, MaxBytes: budget}.Footprint(ctx, false)
		if err != nil {
			return page.Section{}, fmt.Errorf("%s: %w", way, err)
		}
		if way == limit.Uploaders()[0] {
			ours = f
		}
		t.Rows = append(t.Rows, page.Row{Label: way, Ours: isOurs(way), Values: []*float64{new(float64(f.Peak) / mib)}})
	}
	s := page.Section{
		Title: "Uploads of streams",
		Text:  []string{"Streams whose length nobody is told, in reads of 32 KiB as from a connection. `manager-bytes` is the stock Uploader with a `bytes.Reader` instead, and `sdk` is told the length: floors, both. Over HTTP most of the CPU is the signer's SHA-256, for everybody."},
		Charts: []page.Chart{
			lines("uploads", "CPU for each GiB uploaded, by size of the stream", "CPU s/GiB", res, trial.CPUPerGiB, 1),
			bars("uploads-memory", "Memory of eight streams of 64 MiB", t, 0, "MiB", false),
		},
		Tables: []page.Table{
			bySize("uploads-cpu", "CPU, µs for one stream", res, trial.CPU, 1e-3, 0),
			bySize("uploads-bytes", "KB allocated for one stream", res, trial.Bytes, 1e-3, 0), t,
		},
	}
	for _, r := range res {
		s.Verdicts = append(s.Verdicts, atMost(fmt.Sprintf("CPU of `s3pool` ÷ `manager` at %v", r.Size), ratio(r, rival.S3pool, rival.Manager, trial.CPU), 1, 1))
	}
	s.Verdicts = append(s.Verdicts, page.Verdict{Bound: "8 streams on 64 MiB: resident ≤ budget + 64 MiB", Measured: fmt.Sprintf("%d MiB", ours.Peak>>20), Reached: ours.Peak <= 2*budget})
	return s, nil
}
