package meter_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/meter"
)

var sink []byte

func TestSinceCountsWhatWasUsed(t *testing.T) {
	r := meter.Read()
	for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
		sink = make([]byte, 1<<20)
	}
	runtime.GC()
	u := meter.Since(r)

	require.GreaterOrEqual(t, u.Wall, 30*time.Millisecond)
	require.GreaterOrEqual(t, u.Bytes, uint64(1<<20))
	require.NotZero(t, u.Allocs)
	require.NotZero(t, u.GCs)
	if meter.HasCPU {
		require.Positive(t, u.CPU)
	}
}
