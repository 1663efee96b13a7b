package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/rival"
)

// uploads says what to upload.
type uploads struct {
	stream, file rival.Size
	tls          bool
}

const (
	streamsAtOnce  = 8
	streamsInTurn  = 10
	streamResident = 128 << 20
	fileResident   = 32 << 20
)

func (u uploads) write(ctx context.Context, w io.Writer) error {
	for _, part := range []func(context.Context, io.Writer) error{u.writeAtOnce, u.writeFile, u.writeInTurn} {
		if err := part(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// each bears a load in every way.
func (u uploads) each(ctx context.Context, load limit.Uploads, see func(way string, ours bool, f limit.Footprint)) error {
	for i, way := range limit.Uploaders() {
		load.Way = way
		f, err := load.Footprint(ctx, u.tls)
		if err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		see(way, i == 0, f)
	}
	return nil
}

func (u uploads) writeAtOnce(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n## Streams of unknown length\n\n%d of %v at once, ours on a budget of %v: all done. "+
		"Each way is a process of its own; before is when it has uploaded one byte.\n\n", streamsAtOnce, u.stream, u.stream)
	fmt.Fprint(w, "| way | took | CPU | resident | before | leased | bound: leased ≤ budget | bound: resident ≤ 128 MiB |\n|---|--:|--:|--:|--:|--:|---|---|\n")
	load := limit.Uploads{AtOnce: streamsAtOnce, InTurn: 1, Size: int64(u.stream), MaxBytes: int64(u.stream)}
	return u.each(ctx, load, func(way string, ours bool, f limit.Footprint) {
		fmt.Fprintf(w, "| %s | %v | %v | %s | %s |", way, f.Took.Round(time.Millisecond), f.Turns[0].CPU.Round(time.Millisecond), resident(f.Peak), resident(f.Before))
		if ours {
			fmt.Fprintf(w, " %.1f MiB | %s | %s |\n", mib(f.Leased), verdict(f.Leased <= load.MaxBytes), bounded(f.Peak, streamResident))
		} else {
			fmt.Fprint(w, "  |  |  |\n")
		}
	})
}

func (u uploads) writeFile(ctx context.Context, w io.Writer) error {
	path, err := limit.SparseFile(int64(u.file))
	if err != nil {
		return err
	}
	defer os.Remove(path)
	fmt.Fprintf(w, "\n## A file of %v\n\n| way | took | CPU | resident | before | bound: resident ≤ 32 MiB |\n|---|--:|--:|--:|--:|---|\n", u.file)
	return u.each(ctx, limit.Uploads{AtOnce: 1, InTurn: 1, Size: int64(u.file), File: path}, func(way string, ours bool, f limit.Footprint) {
		bound := ""
		if ours {
			bound = bounded(f.Peak, fileResident)
		}
		fmt.Fprintf(w, "| %s | %v | %v | %s | %s | %s |\n", way, f.Took.Round(time.Millisecond), f.Turns[0].CPU.Round(time.Millisecond), resident(f.Peak), resident(f.Before), bound)
	})
}

func (u uploads) writeInTurn(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n## Streams one after another\n\n%d of %v.\n\n", streamsInTurn, u.stream)
	fmt.Fprint(w, "| way | the first allocates | each later one | part buffers made, by upload | bound: none after the first |\n|---|--:|--:|---|---|\n")
	return u.each(ctx, limit.Uploads{AtOnce: 1, InTurn: streamsInTurn, Size: int64(u.stream)}, func(way string, ours bool, f limit.Footprint) {
		var later, made int64
		var list []string
		for i, t := range f.Turns {
			list = append(list, fmt.Sprint(t.Made))
			if i > 0 {
				later, made = later+t.Allocated, made+t.Made
			}
		}
		fmt.Fprintf(w, "| %s | %.2f MB | %.2f MB |", way, float64(f.Turns[0].Allocated)/1e6, float64(later)/1e6/(streamsInTurn-1))
		if ours {
			fmt.Fprintf(w, " %s | %s |\n", strings.Join(list, " "), verdict(made == 0))
		} else {
			fmt.Fprint(w, "  |  |\n")
		}
	})
}

// resident formats a figure that not every system has.
func resident(n int64) string {
	if n == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%.1f MiB", mib(n))
}

func bounded(n, most int64) string {
	if n == 0 {
		return "not measured"
	}
	return verdict(n <= most)
}
