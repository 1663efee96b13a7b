package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	server.Main()
	limit.Main()
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), strings.Fields("-object 33M -gets 8 -size 1M -budget 4M"), &out, io.Discard)
	require.NoError(t, err)
	require.Contains(t, out.String(), "| s3pool Get | 5 | 1.000 | whole | pass |\n")
	require.Contains(t, out.String(), "| minio | 3 | ")
	require.Contains(t, out.String(), "8 Gets of 1M at a time, on a budget of 4M, verified: all done in ")
	require.Contains(t, out.String(), "| leased ≤ budget | ")
}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-gets 0":        "-gets",
		"-object 257M":   "between",
		"-size x":        "-size",
		"something else": `"something"`,
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args), io.Discard, io.Discard), want, args)
	}
}
