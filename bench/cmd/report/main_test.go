package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/classic"
	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

func TestMain(m *testing.M) {
	server.Main()
	trial.Main()
	load.Main()
	limit.Main()
	classic.Main()
	os.Exit(m.Run())
}

// TestRun measures the section that takes least, and draws it again.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, run(t.Context(), []string{"-only", "broken", "-out", dir}, io.Discard))
	md, err := os.ReadFile(filepath.Join(dir, "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(md), "| **s3pool Get** ")
	require.NoError(t, os.Remove(filepath.Join(dir, "README.md")))
	require.NoError(t, run(t.Context(), []string{"-draw", "-out", dir}, io.Discard))
	again, err := os.ReadFile(filepath.Join(dir, "README.md"))
	require.NoError(t, err)
	require.Equal(t, string(md), string(again))
	require.FileExists(t, filepath.Join(dir, "rounds.txt"))
}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{"-only nothing": "nothing", "more": `"more"`, "-draw -out /nowhere": "data.json"} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args), io.Discard), want, args)
	}
}

// TestReportIsDrawnFromItsData: whoever changes how reports are drawn draws the one in the
// repository again, with -draw.
func TestReportIsDrawnFromItsData(t *testing.T) {
	const there = "../../../docs/report"
	r, err := page.Load(filepath.Join(there, "data.json"))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, r.Write(dir))
	for _, name := range []string{"README.md", "index.html", "data.json"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(there, name))
		require.NoError(t, err)
		require.True(t, string(want) == string(got), "docs/report/%s is not what its data.json gives: go run ./bench/cmd/report -draw", name)
	}
	for line := range strings.Lines(r.Markdown()) {
		if strings.HasPrefix(line, "|") {
			require.LessOrEqual(t, len([]rune(line)), 81, "a table fits a terminal: %s", line)
		}
	}
}
