package limit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/internal/check"
)

// most is what calls may cost at most, by object size. Requests and bytes are exact; what is
// allocated has room for a connection that is made anew, and for changes of the SDK.
// A body of unknown length may meet a pool that has lost a block of its class.
var most = []struct {
	call     string
	size     int
	requests int64
	received float64 // of the object's size
	sent     float64
	kb       float64
	allocs   float64
}{
	{"NewDownloader", 100 << 10, 1, 1, 0, 160, 570},
	{"NewDownloader, pooled", 100 << 10, 1, 1, 0, 60, 640},
	{"Get", 100 << 10, 1, 1, 0, 60, 600},
	{"Open", 100 << 10, 1, 1, 0, 60, 600},
	{"Put", 100 << 10, 1, 0, 1, 90, 570},
	{"Put, stream", 100 << 10, 1, 0, 1, 130, 590},
	{"Serve", 100 << 10, 1, 1, 0, 66, 630},
	{"Receive", 100 << 10, 1, 0, 1, 260, 640},
	{"NewDownloader", 1200 << 10, 1, 1, 0, 1400, 570},
	{"NewDownloader, pooled", 1200 << 10, 1, 1, 0, 60, 640},
	{"Get", 1200 << 10, 1, 1, 0, 60, 600},
	{"Open", 1200 << 10, 1, 1, 0, 60, 600},
	{"Put", 1200 << 10, 1, 0, 1, 90, 570},
	{"Put, stream", 1200 << 10, 1, 0, 1, 260, 590},
	{"Serve", 1200 << 10, 1, 1, 0, 66, 630},
	{"Receive", 1200 << 10, 1, 0, 1, 260, 640},
	// The manager asks for parts of 5 MiB. Ours are of 8 MiB, and the first request goes on
	// into those that nobody has claimed.
	{"NewDownloader", 40 << 20, 8, 1, 0, 46_000, 4500},
	{"NewDownloader, pooled", 40 << 20, 8, 1, 0, 360, 4500},
	{"Get", 40 << 20, 5, 1.01, 0, 360, 3200},
	{"Open", 40 << 20, 5, 1.01, 0, 360, 3200},
	{"Put", 40 << 20, 7, 0.001, 1.001, 600, 4300},
	{"Put, stream", 40 << 20, 7, 0.001, 1.001, 900, 4300},
	{"Serve", 40 << 20, 5, 1.01, 0, 360, 3200},
	{"Receive", 40 << 20, 7, 0.001, 1.001, 620, 4300},
}

// TestCounts catches regressions that no clock has to be asked about.
func TestCounts(t *testing.T) {
	target, err := server.Start(t.Context(), "range", server.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, target.Close()) }()
	for _, size := range []int{100 << 10, 1200 << 10, 40 << 20} {
		for _, c := range limit.AllCounted() {
			n, err := c.Count(t.Context(), target, size)
			require.NoError(t, err)
			t.Logf("{%q, %d << 10, %d, %.3f, %.3f, %.1f, %.0f},", c.Name, size>>10, n.Requests, float64(n.Received)/float64(size), float64(n.Sent)/float64(size), n.Allocated/1000, n.Allocs)
			held := false
			for _, m := range most {
				if m.call != c.Name || m.size != size {
					continue
				}
				held = true
				require.LessOrEqual(t, n.Requests, m.requests, "requests of %s, %d bytes", c.Name, size)
				require.LessOrEqual(t, float64(n.Received), m.received*float64(size), "bytes from S3 of %s, %d bytes", c.Name, size)
				require.LessOrEqual(t, float64(n.Sent), m.sent*float64(size), "bytes to S3 of %s, %d bytes", c.Name, size)
				if !check.Enabled { // which makes memory of its own
					require.LessOrEqual(t, n.Allocated, 1000*m.kb, "bytes allocated by %s, %d bytes", c.Name, size)
					require.LessOrEqual(t, n.Allocs, m.allocs, "allocations of %s, %d bytes", c.Name, size)
				}
			}
			require.True(t, held, "%s, %d bytes, has no limit", c.Name, size)
		}
	}
}
