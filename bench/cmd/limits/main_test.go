package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/server"
)

func TestMain(m *testing.M) {
	server.Main()
	limit.Main()
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), strings.Fields("-object 33M -gets 8 -size 1M -budget 4M -stream 9M -file 17M -https -many 20"), &out, io.Discard)
	require.NoError(t, err)
	require.Contains(t, out.String(), "| s3pool Get | 5 | 1.000 | whole | pass |\n")
	require.Contains(t, out.String(), "| minio | 3 | ")
	require.Contains(t, out.String(), "8 Gets of 1M at a time, on a budget of 4M, verified: all done in ")
	require.Contains(t, out.String(), "| leased ≤ budget | ")
	require.Contains(t, out.String(), "8 of 9M at once, ours on a budget of 9M: all done.")
	require.Contains(t, out.String(), "## A file of 17M\n")
	require.Contains(t, out.String(), "10 of 9M.\n")
	require.Equal(t, 3, strings.Count(out.String(), "| tm-upload | "))
}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-gets 0":        "-gets",
		"-object 257M":   "between",
		"-size x":        "-size",
		"-stream 0":      "between",
		"-file 2048M":    "-file",
		"something else": `"something"`,
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args), io.Discard, io.Discard), want, args)
	}
}
