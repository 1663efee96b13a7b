// Command compare measures s3pool against the alternatives in alternating rounds
// and writes a report in Markdown. Run it from the root of the repository:
//
//	go run ./bench/cmd/compare -quick
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

func main() {
	server.Main()
	trial.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// run writes the report to stdout and its progress to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, err := parse(args, stderr)
	if err != nil {
		return err
	}
	r, err := compare(ctx, cfg, stderr)
	if err != nil {
		return err
	}
	if cfg.jsonFile != "" {
		if err := writeJSON(cfg.jsonFile, r); err != nil {
			return err
		}
	}
	if cfg.outFile == "" {
		return r.WriteMarkdown(stdout)
	}
	f, err := os.Create(cfg.outFile)
	if err != nil {
		return err
	}
	return errors.Join(r.WriteMarkdown(f), f.Close())
}
