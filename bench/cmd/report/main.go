// Command report measures everything that the project says of itself, and writes it as a
// page in Markdown, a page in HTML with pictures, and data. Run it from the root of the
// repository:
//
//	go run ./bench/cmd/report                # short: within 15 minutes on two cores
//	go run ./bench/cmd/report -full          # an hour and more
//	go run ./bench/cmd/report -only closed   # one section, into a directory of its own
//	go run ./bench/cmd/report -draw          # draws again what docs/report/data.json has
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/classic"
	"github.com/s3pool/s3pool/bench/figure"
	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

func main() {
	server.Main()
	trial.Main()
	load.Main()
	limit.Main()
	classic.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

const usual = "docs/report"

func run(ctx context.Context, args []string, stderr io.Writer) error {
	fs := flag.NewFlagSet("report", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var names []string
	for _, f := range figure.All() {
		names = append(names, f.Name)
	}
	full := fs.Bool("full", false, "measure for an hour and more")
	again := fs.Bool("draw", false, "draw again what is in the directory's data.json; measure nothing")
	only := fs.String("only", strings.Join(names, ","), "`sections` to measure")
	out := fs.String("out", "", "`directory` for the report (default "+usual+", with -only "+usual+"-part)")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	whole := *only == strings.Join(names, ",")
	if *out == "" {
		*out = usual
		if !whole {
			*out += "-part"
		}
	}
	if *again {
		r, err := page.Load(filepath.Join(*out, "data.json"))
		if err != nil {
			return err
		}
		return draw(r, *out)
	}
	figures, err := choose(strings.Split(*only, ","))
	if err != nil {
		return err
	}
	return measure(ctx, figures, *full, *out, stderr)
}

func choose(names []string) ([]figure.Figure, error) {
	var list []figure.Figure
	for _, f := range figure.All() {
		if slices.Contains(names, f.Name) {
			list = append(list, f)
		}
	}
	if len(list) != len(names) {
		return nil, fmt.Errorf("-only: not all of %q are sections", names)
	}
	return list, nil
}

// measure measures the figures and writes the report into dir.
func measure(ctx context.Context, figures []figure.Figure, full bool, dir string, stderr io.Writer) error {
	start := time.Now()
	var rounds bytes.Buffer
	e := &figure.Env{Full: full, Root: ".", Progress: stderr, Rounds: &rounds}
	r := &page.Report{Title: "s3pool, measured", Mode: "short", Command: "make report", When: start, Machine: machine()}
	if full {
		r.Mode, r.Command = "full", "make report-full"
	}
	if err := e.Run(ctx, r, figures); err != nil {
		return err
	}
	r.Took = time.Since(start)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "rounds.txt"), rounds.Bytes(), 0o666); err != nil {
		return err
	}
	return draw(r, dir)
}

// draw writes the report, and if it is the one of the repository, its tables into the
// documents that show them.
func draw(r *page.Report, dir string) error {
	if err := r.Write(dir); err != nil || dir != usual {
		return err
	}
	for _, name := range page.Documents() {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		filled, err := r.Fill(string(b))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(name, []byte(filled), 0o666); err != nil {
			return err
		}
	}
	return nil
}
