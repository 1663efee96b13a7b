package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// work is the number of bytes that measureAll moves, for the progress bar.
func work(groups []group, objects []object) int64 {
	var n int64
	for _, g := range groups {
		for _, o := range objects {
			n += int64(len(g.ways)*o.rounds*(warmUps+o.batch)) * o.size
		}
	}
	return n
}

// A result is a measured group: for each object the ways' figures, in order.
type result struct {
	title string
	rows  []row
}

type row struct {
	object string
	way    string
	usage  usage
	first  usage // of the group's first way
}

// measureAll measures every way with every object. moved is told about each
// transfer's bytes.
func measureAll(ctx context.Context, groups []group, objects []object, moved func(int64)) ([]result, error) {
	var results []result
	for _, g := range groups {
		r := result{title: g.title}
		for _, o := range objects {
			figures, err := measure(ctx, g.ways, o, moved)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", g.title, o.name, err)
			}
			for i, w := range g.ways {
				r.rows = append(r.rows, row{object: o.name, way: w.name, usage: figures[i], first: figures[0]})
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// measure gives every way its turn in each round, beginning with another one
// each time, so that a machine that slows down slows all of them.
func measure(ctx context.Context, ways []way, o object, moved func(int64)) ([]usage, error) {
	samples := make([][]usage, len(ways))
	for round := range o.rounds {
		for turn := range ways {
			i := (round + turn) % len(ways)
			u, err := sample(ctx, ways[i], o, moved)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", ways[i].name, err)
			}
			samples[i] = append(samples[i], u)
		}
	}
	figures := make([]usage, len(ways))
	for i, s := range samples {
		figures[i] = summarize(s)
	}
	return figures, nil
}

const (
	// warmUps come before each sample: a pool keeps its blocks by processor, so
	// one transfer does not fill it.
	warmUps = 4

	// enoughWarmUp and enough end the warm-up and the sample of slow transfers early.
	enoughWarmUp = 100 * time.Millisecond
	enough       = time.Second
)

// sample returns what one of o.batch transfers takes. It starts from a
// collected heap, so that no way pays for the garbage of another, and with
// transfers that are not counted, so that buffers and connections are there.
func sample(ctx context.Context, w way, o object, moved func(int64)) (usage, error) {
	collect()
	t := w.begin()
	if _, err := repeat(ctx, t, o, warmUps, enoughWarmUp, moved); err != nil {
		return usage{}, err
	}
	return repeat(ctx, t, o, o.batch, enough, moved)
}

// repeat returns what one of at most n transfers takes. It does no more once
// they have taken limit.
func repeat(ctx context.Context, t transfer, o object, n int, limit time.Duration, moved func(int64)) (usage, error) {
	var m meter
	done := 0
	for done < n && m.total.wall < limit {
		if err := once(ctx, t, o, &m); err != nil {
			return usage{}, err
		}
		moved(o.size)
		done++
	}
	moved(int64(n-done) * o.size)
	return m.total.per(done), nil
}

// collect frees what earlier samples have left. A sync.Pool is held for one
// collection after it was used last, and what it holds for one more.
func collect() {
	for range 3 {
		runtime.GC()
	}
}

// once measures one transfer and checks it.
func once(ctx context.Context, t transfer, o object, m *meter) error {
	m.start()
	check, err := t(ctx, o)
	m.stop()
	if err != nil {
		return err
	}
	return check()
}

// summarize takes the median of the times, which other programs disturb, and
// the mean of the counts, which are often zero.
func summarize(samples []usage) usage {
	var sum usage
	var wall, cpu []time.Duration
	for _, s := range samples {
		wall = append(wall, s.wall)
		cpu = append(cpu, s.cpu)
		sum.bytes += s.bytes
		sum.gcs += s.gcs
	}
	mean := sum.per(len(samples))
	mean.wall, mean.cpu = median(wall), median(cpu)
	return mean
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	mid := len(d) / 2
	if len(d)%2 == 0 {
		return (d[mid-1] + d[mid]) / 2
	}
	return d[mid]
}
