// Package copies compares s3pool.Copy with io.Copy, for every pair of ends and size.
//
// Both copy between the same ends in turns, so that whatever else the machine does hits
// both.
package copies

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/trial"
	"github.com/s3pool/s3pool/internal/copytest"
)

// Verb is that of the results.
const Verb = "copy"

// Names of the rivals.
const (
	IO     = "io"     // io.Copy
	S3pool = "s3pool" // ours
)

var ways = []struct {
	name string
	copy func(io.Writer, io.Reader) (int64, error)
}{{IO, io.Copy}, {S3pool, s3pool.Copy}}

// Sizes returns the sizes that are compared: from less than a packet to more than any
// buffer.
func Sizes() []rival.Size {
	return []rival.Size{300, 4 << 10, 32 << 10, 256 << 10, 1 << 20, 10 << 20}
}

// A copy is short, so that many rounds are cheap: a block of these contests is a share of
// the plan's.
const share = 20

// Limit is what a copy of ours may take of io.Copy's time. Lines above it are measured
// again, in again times as many rounds: among two thousand lines some are above by chance.
const (
	Limit = 1.05
	again = 4
)

// Run compares all pairs at all sizes.
func Run(ctx context.Context, plan trial.Plan, progress io.Writer) (results []*trial.Result, err error) {
	more := plan
	more.Rounds *= again
	for _, size := range Sizes() {
		start := time.Now()
		for _, src := range copytest.Sources {
			for _, dst := range copytest.Sinks {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				res, err := pair(plan, src, dst, size)
				if err == nil && Ratio(res) > Limit {
					res, err = pair(more, src, dst, size)
				}
				if err != nil {
					return nil, fmt.Errorf("copy from %s to %s, %v: %w", src.Name, dst.Name, size, err)
				}
				results = append(results, res)
			}
		}
		fmt.Fprintf(progress, "%-45s %v\n", fmt.Sprintf("copy %v", size), time.Since(start).Round(time.Millisecond))
	}
	return results, nil
}

// pair compares the copies from one end to another.
func pair(plan trial.Plan, src copytest.Source, dst copytest.Sink, size rival.Size) (_ *trial.Result, err error) {
	var s copytest.Stage
	defer s.Close()
	r, rewindSource, err := src.Open(&s, int64(size))
	if err != nil {
		return nil, err
	}
	w, rewindSink, err := dst.Open(&s)
	if err != nil {
		return nil, err
	}
	block := func(way, copies int) (trial.Sample, error) {
		start := meter.Read()
		for range copies {
			if err := rewindSource(); err != nil {
				return trial.Sample{}, err
			}
			if err := rewindSink(); err != nil {
				return trial.Sample{}, err
			}
			if n, err := ways[way].copy(w, r); n != int64(size) || err != nil {
				return trial.Sample{}, fmt.Errorf("%s: copied %d bytes: %w", ways[way].name, n, err)
			}
		}
		return trial.Sample{Ops: copies, Usage: meter.Since(start)}, nil
	}
	copies := 1
	for range 3 { // the first ones open, allocate and fault in
		probe, err := block(0, copies)
		if err != nil {
			return nil, err
		}
		each := max(probe.Usage.Wall/time.Duration(copies), time.Nanosecond)
		copies = int(max(1, plan.Block/share/each))
	}
	if _, err := block(1, copies); err != nil {
		return nil, err
	}
	res := &trial.Result{Verb: Verb, Via: src.Name + " to " + dst.Name, Size: size}
	for _, w := range ways {
		res.Rivals = append(res.Rivals, w.name)
	}
	for round := range plan.Rounds {
		samples := make([]trial.Sample, len(ways))
		for i := range ways {
			way := (round + i) % len(ways)
			if samples[way], err = block(way, copies); err != nil {
				return nil, err
			}
		}
		res.Rounds = append(res.Rounds, samples)
	}
	return res, nil
}

// Ratio returns our time divided by io.Copy's, both of the quickest quarter of the rounds:
// what a busy machine adds to the others is neither's.
func Ratio(res *trial.Result) float64 {
	return quick(res, 1) / quick(res, 0)
}

func quick(res *trial.Result, way int) (mean float64) {
	var times []float64
	for _, samples := range res.Rounds {
		times = append(times, trial.Wall(samples[way], res.Size))
	}
	slices.Sort(times)
	times = times[:(len(times)+3)/4]
	for _, t := range times {
		mean += t / float64(len(times))
	}
	return mean
}
