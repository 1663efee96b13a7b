package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/load"
)

type config struct {
	plan         load.Plan
	ways         []load.Way
	budget       int64
	decode       bool
	knee, change bool
	steps        int
	tls          bool
	jsonFile     string
}

func parse(args []string, stderr io.Writer) (cfg config, err error) {
	fs := flag.NewFlagSet("load", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var names []string
	for _, w := range load.Ways() {
		names = append(names, w.Name)
	}
	fs.Float64Var(&cfg.plan.Rate, "rate", 0, "`requests` a second, in an open loop; 0 for a closed one")
	fs.IntVar(&cfg.plan.Clients, "clients", 32, "`clients` of a closed loop")
	fs.DurationVar(&cfg.plan.For, "for", 10*time.Second, "`time` of each load")
	fs.DurationVar(&cfg.plan.Warm, "warm", 2*time.Second, "`time` in front of it that does not count")
	fs.Uint64Var(&cfg.plan.Seed, "seed", 1, "`seed` of the order of sizes")
	fs.BoolVar(&cfg.knee, "knee", false, "look for the highest rate that each way bears")
	fs.IntVar(&cfg.steps, "steps", 4, "`steps` between the last two rates of -knee")
	fs.BoolVar(&cfg.change, "change", false, "one server, stock for half the time and with s3pool's constructor for the other half")
	fs.BoolVar(&cfg.decode, "decode", false, "decode a picture for each request")
	mib := fs.Int64("budget", load.Budget>>20, "`MiB` of the pools that have a budget")
	fs.BoolVar(&cfg.tls, "https", false, "speak HTTPS with S3")
	ways := fs.String("ways", strings.Join(names, ","), "`ways` to write the server")
	fs.StringVar(&cfg.jsonFile, "json", "", "`file` for everything that was measured, in JSON")
	if err := fs.Parse(args); err != nil {
		return cfg, err
	}
	switch {
	case fs.NArg() > 0:
		return cfg, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case cfg.plan.Rate < 0:
		return cfg, fmt.Errorf("-rate: want a positive number, not %g", cfg.plan.Rate)
	case cfg.plan.Clients < 1:
		return cfg, fmt.Errorf("-clients: want at least 1, not %d", cfg.plan.Clients)
	case cfg.plan.For <= 0:
		return cfg, fmt.Errorf("-for: want a positive time, not %v", cfg.plan.For)
	case *mib < 1:
		return cfg, fmt.Errorf("-budget: want at least 1, not %d", *mib)
	case cfg.change && cfg.plan.Rate == 0:
		return cfg, fmt.Errorf("-change needs a -rate")
	}
	cfg.budget = *mib << 20
	if cfg.ways, err = load.Find(strings.Split(*ways, ",")...); err != nil {
		return cfg, fmt.Errorf("-ways: %w", err)
	}
	return cfg, nil
}
