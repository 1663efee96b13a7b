package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/report"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

func TestMain(m *testing.M) {
	server.Main()
	trial.Main()
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	out, data := filepath.Join(dir, "report.md"), filepath.Join(dir, "report.json")
	err := run(t.Context(), []string{
		"-quick", "-rounds", "1", "-block", "1ms", "-schemes", "https", "-sizes", "7,100K", "-out", out, "-json", data,
	}, io.Discard, io.Discard)
	require.NoError(t, err)

	md, err := os.ReadFile(out)
	require.NoError(t, err)
	contests := slices.DeleteFunc(rival.Contests(), func(c rival.Contest) bool {
		return c.Slow || c.Verb == "client" && !slices.Contains(strings.Split(quickCalls, ","), c.Via)
	})
	for _, c := range contests {
		for _, e := range c.Entries {
			require.Contains(t, string(md), "| range https | 100K | "+e.Name+" |")
		}
	}
	require.Contains(t, string(md), "## Bounds")

	b, err := os.ReadFile(data)
	require.NoError(t, err)
	var r report.Report
	require.NoError(t, json.Unmarshal(b, &r))
	require.Len(t, r.Results, len(contests)*2)
	require.Equal(t, 1, r.Plan.Rounds)
	require.NotZero(t, r.Results[0].Rounds[0][0].Ops)
}

// TestOpen takes seconds: its contest has a size of its own.
func TestOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 256 MiB over a slow link, again and again")
	}
	var md strings.Builder
	err := run(t.Context(), []string{"-quick", "-dst", "", "-src", "", "-calls", "open1", "-slow", "1"}, &md, io.Discard)
	require.NoError(t, err)
	require.Contains(t, md.String(), "90 MB/s for each request, 20ms to its first byte, GOMAXPROCS=1.")
	require.Contains(t, md.String(), "| 256M | "+rival.S3poolWriteTo+" |")
}

func TestParse(t *testing.T) {
	cfg, err := parse([]string{"-quick", "-rounds", "5", "-src", ""}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 5, cfg.plan.Rounds, "a flag that is given wins over -quick")
	require.Equal(t, []string{"range"}, cfg.servers)
	require.Equal(t, []rival.Size{100 << 10, 1200 << 10}, cfg.sizes)
	require.Len(t, cfg.contests, 7)

	cfg, err = parse(nil, io.Discard)
	require.NoError(t, err)
	require.Len(t, cfg.contests, len(rival.Contests()))
	require.Equal(t, rival.DefaultSizes(), cfg.sizes)
	require.GreaterOrEqual(t, cfg.plan.Rounds, 10)

	for args, want := range map[string]string{
		"-rounds 0":      "-rounds",
		"-slow 0":        "-slow",
		"-servers ftp":   `"ftp"`,
		"-schemes ws":    `"ws"`,
		"-sizes 1G":      "-sizes",
		"-heap -1":       "-heap",
		"-sizes 0":       "-sizes",
		"-sizes 257M":    "-sizes",
		"-calls nobody":  `"nobody"`,
		"-dst nowhere":   `"nowhere"`,
		"-src nowhere":   `"nowhere"`,
		"something else": `"something"`,
	} {
		_, err := parse(strings.Fields(args), io.Discard)
		require.ErrorContains(t, err, want, args)
	}
}
