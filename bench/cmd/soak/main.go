// Command soak plays the scenarios of package soak, one after the other, for a time in all.
// Run it from the root of the repository:
//
//	go run ./bench/cmd/soak -duration 1h
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/soak"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("soak", flag.ContinueOnError)
	fs.SetOutput(stderr)
	each := fs.Duration("each", 0, "`time` for each scenario")
	all := fs.Duration("duration", 5*time.Minute, "`time` for all scenarios, unless -each is given")
	only := fs.String("only", "", "play the scenarios whose `name` has this in it")
	seed := fs.Uint64("seed", uint64(time.Now().UnixNano()), "`seed` of what is transferred and what goes wrong")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	var list []soak.Scenario
	for _, sc := range soak.Scenarios() {
		if strings.Contains(sc.Name, *only) {
			list = append(list, sc)
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("-only: no scenario is called like %q", *only)
	}
	if *each == 0 {
		*each = *all / time.Duration(len(list))
	}
	if *each <= 0 {
		return fmt.Errorf("-duration: want a positive time, not %v", *all)
	}
	fmt.Fprintf(stdout, "%d scenarios of %v each, seed %d\n\n", len(list), each.Round(time.Millisecond), *seed)
	fmt.Fprintf(stdout, "%-36s %8s %7s %8s %7s %7s\n", "scenario", "done", "failed", "faults", "still", "MiB/h")
	var sum soak.Result
	for _, sc := range list {
		r, err := soak.Run(ctx, sc, *each, *seed)
		if err != nil {
			return fmt.Errorf("%s, seed %d: %w", sc.Name, *seed, err)
		}
		growth := "-"
		if r.Growth != 0 {
			growth = fmt.Sprintf("%.1f", r.Growth)
		}
		fmt.Fprintf(stdout, "%-36s %8d %7d %8d %6.1fs %7s\n", r.Scenario, r.Done, r.Failed, r.Faults, r.LongestOf.Seconds(), growth)
		sum.Took += r.Took
		sum.Done += r.Done
		sum.Failed += r.Failed
		sum.Faults += r.Faults
		sum.Requests += r.Requests
	}
	fmt.Fprintf(stdout, "\n%v: %d transfers succeeded, every byte compared; %d failed.\n%d of %d requests were tampered with. Gauges are back at zero.\n",
		sum.Took.Round(time.Second), sum.Done, sum.Failed, sum.Faults, sum.Requests)
	return nil
}
