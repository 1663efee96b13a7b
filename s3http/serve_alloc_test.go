//go:build !race && !s3pooldebug

// Under the race detector a sync.Pool drops some of what it is given, and there is
// nothing to count.

package s3http_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

// TestServeAllocs: at most 2.2 KB for a response beyond the SDK's call and net/http, and
// nothing for the bytes.
func TestServeAllocs(t *testing.T) {
	bytesFor := func(size int64) int64 {
		return testing.Benchmark(func(b *testing.B) {
			do := serveCanned(b, size)
			do()
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				do()
			}
		}).AllocedBytesPerOp()
	}
	small, large := bytesFor(1000), bytesFor(10*mib)
	require.LessOrEqual(t, small, int64(2200))
	require.LessOrEqual(t, large, small+64, "for the copy itself")
	require.Zero(t, testing.AllocsPerRun(20, serveCanned(t, 100*mib))-testing.AllocsPerRun(20, serveCanned(t, 1000)))
}
