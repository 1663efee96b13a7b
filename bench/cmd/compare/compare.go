package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/s3pool/s3pool/bench/copies"
	"github.com/s3pool/s3pool/bench/report"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// compare holds all contests that cfg asks for. One server runs at a time.
func compare(ctx context.Context, cfg config, progress io.Writer) (*report.Report, error) {
	start := time.Now()
	r := report.New(cfg.plan)
	for _, v := range cfg.venues() {
		results, err := v.hold(ctx, cfg, progress)
		if errors.Is(err, server.ErrScheme) {
			fmt.Fprintln(progress, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		r.Results = append(r.Results, results...)
	}
	if cfg.copies {
		results, err := copies.Run(ctx, cfg.plan, progress)
		if err != nil {
			return nil, err
		}
		r.Results = append(r.Results, results...)
	}
	r.Took = time.Since(start)
	return r, nil
}

// A venue is a server, and the contests that are held there.
type venue struct {
	kind     string
	opts     server.Options
	contests []rival.Contest
}

// venues returns every server over every scheme, for the contests that want no link,
// and for each of the others one of its own.
func (cfg config) venues() []venue {
	var plain []rival.Contest
	var linked []venue
	for _, c := range cfg.contests {
		if c.Link == (server.Link{}) {
			plain = append(plain, c)
		} else {
			linked = append(linked, venue{"range", server.Options{Link: c.Link}, []rival.Contest{c}})
		}
	}
	var all []venue
	if len(plain) > 0 {
		for _, kind := range cfg.servers {
			for _, scheme := range cfg.schemes {
				all = append(all, venue{kind, server.Options{TLS: scheme == "https"}, plain})
			}
		}
	}
	return append(all, linked...)
}

func (v venue) hold(ctx context.Context, cfg config, progress io.Writer) (results []*trial.Result, err error) {
	target, err := server.Start(ctx, v.kind, v.opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	dir, err := os.MkdirTemp("", "s3pool-compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	for _, c := range v.contests {
		sizes := cfg.sizes
		if c.Sizes != nil {
			sizes = c.Sizes
		}
		for _, size := range sizes {
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
