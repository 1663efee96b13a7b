// Command limits shows who survives bodies that break, with how many bytes too
// many, what memory a budget holds many downloads to, and what uploads take. Run it
// from the root of the repository:
//
//	go run ./bench/cmd/limits
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
)

func main() {
	server.Main()
	limit.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "limits:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("limits", flag.ContinueOnError)
	fs.SetOutput(stderr)
	object, size, budget := rival.Size(128<<20), rival.Size(30<<20), rival.Size(128<<20)
	fs.Func("object", "`size` of the object whose bodies break, in bytes, K or M (default 128M)", set(&object, server.MaxSize))
	fs.Func("size", "`size` of the objects on the budget (default 30M)", set(&size, server.MaxSize))
	fs.Func("budget", "`size` of the budget (default 128M)", set(&budget, server.MaxSize))
	gets := fs.Int("gets", 64, "`number` of Gets on the budget at a time")
	many := fs.Int("many", 1000, "`number` of Gets of 1 MiB at a time, on a budget of 64 MiB")
	up := uploads{stream: 64 << 20, file: 1 << 30}
	fs.Func("stream", "`size` of streams to upload, on a budget of as much (default 64M)", set(&up.stream, maxUpload))
	fs.Func("file", "`size` of a file to upload (default 1024M)", set(&up.file, maxUpload))
	fs.BoolVar(&up.tls, "https", false, "upload over https")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *gets < 1 || *many < 1 {
		return fmt.Errorf("-gets, -many: want at least 1, not %d and %d", *gets, *many)
	}
	writeResume(stdout, object, limit.Resume(ctx, int64(object)))
	for _, load := range []limit.Load{
		{Gets: *gets, Size: int(size), MaxBytes: int64(budget)},
		{Gets: *many, Size: 1 << 20, MaxBytes: 64 << 20},
		{Gets: *many, Size: 1 << 20, MaxBytes: 64 << 20, MaxRequests: *many},
	} {
		f, err := limit.Memory(ctx, load)
		if err != nil {
			return err
		}
		writeMemory(stdout, load, f)
	}
	return up.write(ctx, stdout)
}

// maxUpload is what a 32-bit int holds of whole MiB, and a range server discards.
const maxUpload = 2047 << 20

// set parses a size of at most the given one.
func set(size *rival.Size, most rival.Size) func(string) error {
	return func(s string) error {
		v, err := rival.ParseSize(s)
		if err == nil && (v < 1 || v > most) {
			err = fmt.Errorf("%v is not between 1 byte and %v", v, most)
		}
		if err == nil {
			*size = v
		}
		return err
	}
}

func writeResume(w io.Writer, size rival.Size, list []limit.Survivor) {
	fmt.Fprintf(w, "## Bodies that break\n\n%v, every part broken once in its middle.\n\n", size)
	fmt.Fprint(w, "| way | breaks | received ÷ payload | outcome | bound: all bytes, ≤ 1.01 |\n|---|--:|--:|---|---|\n")
	for _, s := range list {
		outcome := "whole"
		if s.Err != nil {
			outcome = s.Err.Error()
		}
		bound := ""
		if s.Ours {
			bound = verdict(s.Err == nil && s.Ratio() <= 1.01)
		}
		fmt.Fprintf(w, "| %s | %d | %.3f | %s | %s |\n", s.Name, s.Breaks, s.Ratio(), outcome, bound)
	}
	fmt.Fprintln(w)
}

// slack is what a process may hold beside the budget.
const slack = 64 << 20

func writeMemory(w io.Writer, load limit.Load, f limit.Footprint) {
	fmt.Fprintf(w, "## Memory\n\n%d Gets of %v at a time, on a budget of %v, verified: all done in %v.",
		load.Gets, rival.Size(load.Size), rival.Size(load.MaxBytes), f.Took.Round(1e6))
	if load.MaxRequests > 0 {
		fmt.Fprintf(w, " With as many requests in flight as Gets, to compare.")
	}
	fmt.Fprint(w, "\n\n")
	fmt.Fprint(w, "| bound | measured | verdict |\n|---|--:|---|\n")
	fmt.Fprintf(w, "| leased ≤ budget | %.1f MiB | %s |\n", mib(f.Leased), verdict(f.Leased <= load.MaxBytes))
	if f.Peak > 0 {
		fmt.Fprintf(w, "| resident ≤ budget + 64 MiB | %.1f MiB, of which %.1f before | %s |\n",
			mib(f.Peak), mib(f.Before), verdict(f.Peak <= load.MaxBytes+slack))
	}
	fmt.Fprintln(w)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func verdict(reached bool) string {
	if reached {
		return "pass"
	}
	return "not reached"
}
