package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// objectSizes are those of small objects, where the price of a request counts, and of large
// ones, where that of a byte does.
var objectSizes = []rival.Size{1 << 10, 10 << 10, 100 << 10, 1200 << 10, 10 << 20, 32 << 20}

// plan is how the contests of package rival are held.
func (e *Env) plan() trial.Plan {
	return trial.Plan{Rounds: pick(e, 3, 15), Slow: pick(e, 1, 5), Block: pick(e, 40*time.Millisecond, 100*time.Millisecond)}
}

// sizes is what one object costs, by its size.
func sizes(ctx context.Context, e *Env) (page.Section, error) {
	get, err := find("client", "get")
	if err != nil {
		return page.Section{}, err
	}
	unsized, err := find("download", "memory")
	if err != nil {
		return page.Section{}, err
	}
	pooled, err := find("download", "pooled", rival.S3pool, rival.SDK)
	if err != nil {
		return page.Section{}, err
	}
	file, err := find("download", "file")
	if err != nil {
		return page.Section{}, err
	}
	memorySizes := []rival.Size{100 << 10, 1200 << 10, 10 << 20, 32 << 20}
	var got, plain, recycled, files []*trial.Result
	err = withServer(ctx, server.Options{}, func(t *server.Target) (err error) {
		for _, c := range []struct {
			into    *[]*trial.Result
			contest rival.Contest
			sizes   []rival.Size
		}{{&got, get, objectSizes}, {&plain, unsized, memorySizes}, {&recycled, pooled, memorySizes}, {&files, file, memorySizes}} {
			if *c.into, err = e.contest(ctx, t, e.plan(), c.contest, c.sizes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return page.Section{}, err
	}
	const us = 1e-3
	s := page.Section{
		Title: "One object at a time, by size",
		Text: []string{
			"CPU of the client process for one download, in alternating rounds, each way in a process of its own. `manager` and `manager5m` are given a recycled buffer of the object's size in the first table, which they cannot know: that is as good as they can be. `sdk` and `raw` are floors that know the size, too; `s3pool` is `Client.Get`, which verifies, and `s3pool-unverified` the same with `VerifyNever`.",
			"K is 1,024 bytes and M 1,024 K.",
		},
		Charts: []page.Chart{lines("sizes", "CPU for each GiB, by size of the object", "CPU s/GiB", got, trial.CPUPerGiB, 1)},
		Tables: []page.Table{
			bySize("get-cpu", "CPU, µs for one object, into recycled memory", got, trial.CPU, us, 0),
			bySize("get-bytes", "KB allocated for one object, into recycled memory", got, trial.Bytes, 1e-3, 1),
			bySize("memory-cpu", "CPU, µs for one object, into an unsized `manager.WriteAtBuffer`", plain, trial.CPU, us, 0),
			bySize("memory-bytes", "KB allocated, likewise", plain, trial.Bytes, 1e-3, 0),
			bySize("pooled-cpu", "CPU, µs: the drop-in into an `s3pool.WriteAtBuffer`, and the floor", recycled, trial.CPU, us, 0),
			bySize("file-cpu", "CPU, µs for one object, into a file", files, trial.CPU, us, 0),
		},
	}
	for _, res := range got {
		s.Verdicts = append(s.Verdicts, atMost(fmt.Sprintf("CPU of `Client.Get` ÷ `sdk` at %v", res.Size), ratio(res, rival.S3pool, rival.SDK, trial.CPU), 1, 1.05))
		if res.Size >= 10<<20 {
			s.Verdicts = append(s.Verdicts, atMost(fmt.Sprintf("CPU of `Client.Get` ÷ `raw` at %v", res.Size), ratio(res, rival.S3pool, rival.Raw, trial.CPU), 1, 1.15))
		}
	}
	return s, nil
}
