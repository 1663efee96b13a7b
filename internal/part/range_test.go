package part_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
)

func TestRangeHeader(t *testing.T) {
	for want, r := range map[string]part.Range{
		"bytes=0-0":             {From: 0, To: 1},
		"bytes=5-9":             {From: 5, To: 10},
		"bytes=8388608-9999999": {From: 8388608, To: 10000000},
		fmt.Sprintf("bytes=%d-%d", int64(math.MaxInt64)-1, int64(math.MaxInt64)-1): {From: math.MaxInt64 - 1, To: math.MaxInt64},
	} {
		require.Equal(t, want, r.Header())
		require.Equal(t, want, "bytes="+r.String())
		require.False(t, r.Empty())
	}
	require.Equal(t, int64(5), part.Range{From: 5, To: 10}.Len())
	require.Equal(t, "none", part.Range{}.String())
	for _, r := range []part.Range{{}, {From: 5, To: 5}, {From: 5, To: 4}, {From: -1, To: 4}} {
		require.Panics(t, func() { _ = r.Header() }, "%d to %d", r.From, r.To)
	}
}

func TestRangeHeaderAllocs(t *testing.T) {
	if check.Enabled {
		return // the race detector allocates
	}
	r := part.Range{From: 40 << 40, To: 41 << 40}
	var s string
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { s = r.Header() }), 1.0, "the string only")
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = part.ParseContentRange("bytes 0-99/100") }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = part.ParseETag(`"d41d8cd98f00b204e9800998ecf8427e"`) }))
	_ = s
}
