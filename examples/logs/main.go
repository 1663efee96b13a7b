// Command logs shows what a date in front of keys does to S3's request rates, and
// what shards and pacing do about it.
//
// Five programs write the log files of fifty hosts through midnight, under
// YYYYMMDD/host/file, ten times as many per second as one partition of S3 takes. The
// S3 is s3test's, with its model of partitions, behind HTTP on loopback; the programs
// use the AWS SDK. Each way to do it has an S3 of its own, all in the same night,
// which takes 45 seconds: rates are a 50th of S3's, and three minutes are a second.
//
//	go run ./examples/logs
//	go run ./examples/logs -svg examples/logs/logs.svg
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := command(ctx, os.Args[1:], night, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "logs: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "logs:", err)
		os.Exit(1)
	}
}

// command is main without the process.
func command(ctx context.Context, args []string, w world, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("logs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	svg := flags.String("svg", "", "plot the night into this `file`")
	data := flags.String("json", "", "write the night's figures into this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%v until the night is over\n", w.before+w.after)
	courses, err := runAll(ctx, w, setups, overHTTP)
	if err != nil {
		return err
	}
	if tooBusy(w, courses) {
		fmt.Fprint(stdout, busy)
	}
	writeTable(stdout, w, courses)
	if *data != "" {
		if err := writeJSON(*data, w, courses); err != nil {
			return err
		}
	}
	if *svg == "" {
		return nil
	}
	return writePlot(*svg, w, courses)
}

// busy stands above a table whose figures are of no use.
const busy = `TOO BUSY: not everything that was due before midnight has been written. This
machine had no time for the night; what follows is not to be used.

`

// tooBusy reports whether the machine has had no time for what was due while S3 had room.
func tooBusy(w world, courses []course) bool {
	for _, c := range courses {
		if before, _ := c.mean(-15, 0); before < 0.9*w.due()*w.slower {
			return true
		}
	}
	return false
}
