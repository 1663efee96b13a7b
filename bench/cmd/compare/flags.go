package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/copies"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

type config struct {
	plan              trial.Plan
	servers, schemes  []string
	sizes             []rival.Size
	contests          []rival.Contest
	copies            bool
	jsonFile, outFile string
}

// quick holds the flags that -quick sets, unless they are given themselves.
var quick = [][2]string{{"rounds", "3"}, {"block", "50ms"}, {"servers", "range"}, {"sizes", "100K,1200K"}, {"calls", quickCalls}}

const quickCalls = "get,verified,put,putstream"

func parse(args []string, stderr io.Writer) (cfg config, err error) {
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&cfg.plan.Rounds, "rounds", 20, "alternating `rounds`")
	fs.IntVar(&cfg.plan.Slow, "slow", 10, "`rounds` of the calls that take seconds: open, open1")
	fs.DurationVar(&cfg.plan.Block, "block", 100*time.Millisecond, "`time` for one rival in one round")
	servers := fs.String("servers", strings.Join(server.Kinds(), ","), "`servers` to measure against")
	schemes := fs.String("schemes", "http,https", "`schemes` to speak")
	sizes := fs.String("sizes", join(rival.DefaultSizes()), "object `sizes`, in bytes, K or M")
	dst := fs.String("dst", strings.Join(vias("download"), ","), "`destinations` of downloads; empty for no downloads")
	src := fs.String("src", strings.Join(vias("upload"), ","), "`sources` of uploads; empty for no uploads")
	calls := fs.String("calls", strings.Join(knownCalls(), ","), "`calls` of a client: get, verified (get, with and without), open (256 MiB over a slow link, at its own size), open1 (the same with GOMAXPROCS=1), put (of a byte slice), putfile, putstream (of unknown length), putmany (200 streams of 10 KiB), serve (as an HTTP response), receive (a request's body as an object), copy (s3pool.Copy, every pair of ends, at sizes of its own); empty for none")
	heap := fs.String("heap", "0", "`bytes` of other live heap, as an application has; in bytes, K or M")
	isQuick := fs.Bool("quick", false, "take seconds: few rounds, the range server, small sizes")
	fs.StringVar(&cfg.outFile, "out", "", "`file` for the report (default standard output)")
	fs.StringVar(&cfg.jsonFile, "json", "", "`file` for the figures of every round, in JSON")
	if err := fs.Parse(args); err != nil {
		return cfg, err
	}
	if fs.NArg() > 0 {
		return cfg, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *isQuick {
		given := map[string]bool{}
		fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for _, q := range quick {
			if !given[q[0]] {
				fs.Set(q[0], q[1])
			}
		}
	}
	if cfg.plan.Rounds < 1 {
		return cfg, fmt.Errorf("-rounds: want at least 1, not %d", cfg.plan.Rounds)
	}
	if cfg.plan.Slow < 1 {
		return cfg, fmt.Errorf("-slow: want at least 1, not %d", cfg.plan.Slow)
	}

	if cfg.plan.Heap, err = rival.ParseSize(*heap); err != nil {
		return cfg, fmt.Errorf("-heap: %w", err)
	}
	if cfg.servers, err = choose("servers", *servers, server.Kinds()); err != nil {
		return cfg, err
	}
	if cfg.schemes, err = choose("schemes", *schemes, []string{"http", "https"}); err != nil {
		return cfg, err
	}
	for s := range strings.SplitSeq(*sizes, ",") {
		size, err := rival.ParseSize(s)
		if err != nil {
			return cfg, fmt.Errorf("-sizes: %w", err)
		}
		if size < 1 || size > server.MaxSize {
			return cfg, fmt.Errorf("-sizes: %v is not between 1 byte and %v", size, rival.Size(server.MaxSize))
		}
		cfg.sizes = append(cfg.sizes, size)
	}
	for _, f := range []struct{ name, list, verb string }{
		{"dst", *dst, "download"}, {"src", *src, "upload"}, {"calls", *calls, "client"},
	} {
		known := vias(f.verb)
		if f.verb == "client" {
			known = knownCalls()
		}
		chosen, err := choose(f.name, f.list, known)
		if err != nil {
			return cfg, err
		}
		cfg.copies = cfg.copies || f.verb == "client" && slices.Contains(chosen, copies.Verb)
		for _, c := range rival.Contests() {
			if c.Verb == f.verb && slices.Contains(chosen, c.Via) {
				cfg.contests = append(cfg.contests, c)
			}
		}
	}
	return cfg, nil
}

// choose splits a list and checks that its members are known.
func choose(name, list string, known []string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	chosen := strings.Split(list, ",")
	for _, c := range chosen {
		if !slices.Contains(known, c) {
			return nil, fmt.Errorf("-%s: %q is none of %s", name, c, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// knownCalls returns the calls that can be compared.
func knownCalls() []string { return append(vias("client"), copies.Verb) }

// vias returns what a verb can be about: what objects can be downloaded into, for
// one.
func vias(verb string) []string {
	var v []string
	for _, c := range rival.Contests() {
		if c.Verb == verb {
			v = append(v, c.Via)
		}
	}
	return v
}

func join(sizes []rival.Size) string {
	var s []string
	for _, size := range sizes {
		s = append(s, size.String())
	}
	return strings.Join(s, ",")
}
