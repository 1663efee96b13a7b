package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), strings.Fields("-each 300ms -only two"), &out, io.Discard))
	require.Contains(t, out.String(), "writes, two parts for all")
	require.Contains(t, out.String(), "Gauges are back at zero.")
	for line := range strings.Lines(out.String()) {
		require.LessOrEqual(t, len(line), 81, line)
	}
	for args, want := range map[string]string{"-only nobody": "nobody", "-duration 0s": "-duration", "more": `"more"`} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args), io.Discard, io.Discard), want, args)
	}
}
