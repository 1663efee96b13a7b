package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/server"
)

func TestMain(m *testing.M) {
	server.Main()
	load.Main()
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	data := filepath.Join(t.TempDir(), "load.json")
	for args, want := range map[string]string{
		"-ways client,raw -for 300ms -warm 100ms -clients 2 -json " + data: "raw  ",
		"-ways client -for 300ms -warm 0s -rate 10":                        "client  ",
		"-change -rate 10 -for 600ms -warm 0s":                             "from here on",
	} {
		var out strings.Builder
		require.NoError(t, run(t.Context(), strings.Fields(args), &out, io.Discard), args)
		require.Contains(t, out.String(), want)
		for line := range strings.Lines(out.String()) {
			require.LessOrEqual(t, len(line), 81, line)
		}
	}
	b, err := os.ReadFile(data)
	require.NoError(t, err)
	require.Contains(t, string(b), `"P999"`)
}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-rate -1": "-rate", "-clients 0": "-clients", "-for 0s": "-for", "-budget 0": "-budget",
		"-change": "-rate", "-ways nobody": `"nobody"`, "more": `"more"`,
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args), io.Discard, io.Discard), want, args)
	}
}
