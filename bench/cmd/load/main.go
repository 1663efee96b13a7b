// Command load gives API servers that download objects from S3 a load, one way to write
// them after the other, and prints what each has needed. Run it from the root of the
// repository:
//
//	go run ./bench/cmd/load                 # 32 clients in a closed loop
//	go run ./bench/cmd/load -rate 50        # an open loop of 50 requests a second
//	go run ./bench/cmd/load -knee           # the highest rate that each bears
//	go run ./bench/cmd/load -change -rate 5 # stock for half the time, then ours
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/server"
)

func main() {
	server.Main()
	load.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run writes the figures to stdout as they come, and its progress to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	cfg, err := parse(args, stderr)
	if err != nil {
		return err
	}
	target, err := server.Start(ctx, "range", server.Options{TLS: cfg.tls})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	results, err := cfg.bear(ctx, target, stdout)
	if err != nil || cfg.jsonFile == "" {
		return err
	}
	return writeJSON(cfg.jsonFile, results)
}
