package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/s3pool/s3pool/bench/report"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// compare holds all contests that cfg asks for. One server runs at a time.
func compare(ctx context.Context, cfg config, progress io.Writer) (*report.Report, error) {
	start := time.Now()
	r := report.New(cfg.plan)
	for _, kind := range cfg.servers {
		for _, scheme := range cfg.schemes {
			results, err := against(ctx, cfg, kind, scheme, progress)
			if errors.Is(err, server.ErrScheme) {
				fmt.Fprintln(progress, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			r.Results = append(r.Results, results...)
		}
	}
	r.Took = time.Since(start)
	return r, nil
}

func against(ctx context.Context, cfg config, kind, scheme string, progress io.Writer) (results []*trial.Result, err error) {
	target, err := server.Start(ctx, kind, server.Options{TLS: scheme == "https"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	dir, err := os.MkdirTemp("", "s3pool-compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	for _, c := range cfg.contests {
		for _, size := range cfg.sizes {
			start := time.Now()
			res, err := trial.RunApart(ctx, cfg.plan, c, rival.NewScene(target, size, dir))
			what := fmt.Sprintf("%s %s %s %s %v", target.Kind, target.Scheme, c.Verb, c.Via, size)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", what, err)
			}
			fmt.Fprintf(progress, "%-45s %v\n", what, time.Since(start).Round(time.Millisecond))
			results = append(results, res)
		}
	}
	return results, nil
}

func writeJSON(name string, r *report.Report) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o666)
}
