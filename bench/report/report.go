package report

import (
	"fmt"
	"io"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/trial"
)

// A Report is everything that one run found. It is also what is written as JSON.
type Report struct {
	Go, OS, Arch string
	CPUs         int
	Modules      []string // of the SDK, with versions
	Plan         trial.Plan
	Took         time.Duration
	Results      []*trial.Result
}

// New returns a report about this program on this machine, without results.
func New(plan trial.Plan) *Report {
	r := &Report{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), Plan: plan}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			switch m.Path {
			case "github.com/aws/aws-sdk-go-v2/service/s3",
				"github.com/aws/aws-sdk-go-v2/feature/s3/manager",
				"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager",
				"github.com/minio/minio-go/v7",
				"github.com/versity/versitygw":
				r.Modules = append(r.Modules, path.Base(strings.TrimSuffix(m.Path, "/v7"))+" "+m.Version)
			}
		}
	}
	return r
}

// WriteMarkdown writes the verdicts and the tables.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# s3pool against the alternatives\n\n")
	fmt.Fprintf(&b, "%s %s/%s, GOMAXPROCS %d", r.Go, r.OS, r.Arch, r.CPUs)
	for _, m := range r.Modules {
		b.WriteString(", " + m)
	}
	fmt.Fprintf(&b, ". %d alternating rounds of about %v for each rival, with %s of other live heap; %v in all.\n\n",
		r.Plan.Rounds, r.Plan.Block, formatBytes(float64(r.Plan.Heap)), r.Took.Round(time.Second))
	b.WriteString("Figures are medians over the rounds; CPU is user and system time of the client process. " +
		"A ratio is taken round by round: its median, and in brackets the least and the greatest. Less is better.\n\n")
	r.writeVerdicts(&b)
	for _, c := range rival.Contests() {
		write := r.writeObjects
		if c.Slow {
			write = r.writeStreams
		}
		if results := r.of(c); len(results) > 0 {
			fmt.Fprintf(&b, "## %s\n\n", title(c.Verb, c.Via))
			write(&b, c, results)
			b.WriteString("\n")
		}
	}
	r.writeCopies(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// of returns what was found in a contest.
func (r *Report) of(c rival.Contest) (results []*trial.Result) {
	for _, res := range r.Results {
		if c.Is(res.Verb, res.Via) {
			results = append(results, res)
		}
	}
	return results
}

func (r *Report) writeObjects(b *strings.Builder, c rival.Contest, results []*trial.Result) {
	fmt.Fprintf(b, "| server | size | rival | CPU/op | ÷ %[1]s | wall/op | ÷ %[1]s | B/op | ÷ %[1]s | allocs/op | GC/GiB |\n", c.Baseline)
	b.WriteString("|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, res := range results {
		for _, name := range res.Rivals {
			fmt.Fprintf(b, "| %s %s | %v | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
				res.Server, res.Scheme, res.Size, name,
				median(res, name, trial.CPU, formatTime), ratio(res, name, c.Baseline, trial.CPU),
				median(res, name, trial.Wall, formatTime), ratio(res, name, c.Baseline, trial.Wall),
				median(res, name, trial.Bytes, formatBytes), ratio(res, name, c.Baseline, trial.Bytes),
				median(res, name, trial.Allocs, formatCount), median(res, name, trial.GCs, formatCount))
		}
	}
}

// writeStreams writes what matters of large objects over slow links.
func (r *Report) writeStreams(b *strings.Builder, c rival.Contest, results []*trial.Result) {
	fmt.Fprintf(b, "%d MB/s for each request, %v to its first byte", c.Link.Rate/1e6, c.Link.FirstByte)
	if c.Procs > 0 {
		fmt.Fprintf(b, ", GOMAXPROCS=%d", c.Procs)
	}
	fmt.Fprintf(b, ".\n\n| size | rival | MB/s | time ÷ %[1]s | CPU s/GiB | ÷ %[1]s | allocated ÷ payload | first byte | GC/GiB |\n", c.Baseline)
	b.WriteString("|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, res := range results {
		for _, name := range res.Rivals {
			fmt.Fprintf(b, "| %v | %s | %s | %s | %s | %s | %s | %s | %s |\n", res.Size, name,
				median(res, name, trial.Wall, func(ns float64) string { return formatCount(float64(res.Size) / ns * 1e3) }),
				ratio(res, name, c.Baseline, trial.Wall),
				median(res, name, trial.CPUPerGiB, formatCount), ratio(res, name, c.Baseline, trial.CPU),
				median(res, name, trial.PerByte, formatCount),
				median(res, name, trial.FirstByte, formatTime), median(res, name, trial.GCs, formatCount))
		}
	}
}

func title(verb, via string) string {
	switch verb {
	case "upload":
		return "upload from " + via
	case "client":
		return "client " + via
	}
	return "download into " + via
}

func median(res *trial.Result, name string, m trial.Metric, format func(float64) string) string {
	s, ok := res.Of(name, m)
	if !ok {
		return "n/a"
	}
	return format(s.Median)
}

func ratio(res *trial.Result, name, base string, m trial.Metric) string {
	if name == base {
		return "1"
	}
	s, ok := res.Ratio(name, base, m)
	if !ok {
		return "n/a"
	}
	return s.String()
}

func formatTime(ns float64) string {
	switch {
	case ns < 1e6:
		return fmt.Sprintf("%.0f µs", ns/1e3)
	case ns < 1e8:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	default:
		return fmt.Sprintf("%.0f ms", ns/1e6)
	}
}

func formatBytes(n float64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%.0f B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f KB", n/1e3)
	default:
		return fmt.Sprintf("%.2f MB", n/1e6)
	}
}

func formatCount(n float64) string { return fmt.Sprintf("%.4g", n) }
