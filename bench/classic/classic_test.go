package classic

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/internal/check"
)

func TestMain(m *testing.M) {
	server.Main()
	Main()
	os.Exit(m.Run())
}

// reuses is false in debug builds: under the race detector, sync.Pool drops a quarter of what
// it is given.
const reuses = !check.Enabled

// TestMakesliceIsGone: the function that the story began with is in the stock manager's
// profile, and not in that of a pooled buffer.
func TestMakesliceIsGone(t *testing.T) {
	target, err := server.Start(t.Context(), "range", server.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, target.Close()) }()
	take := func(way string) Profile {
		p, err := TakeProfile(t.Context(), target, way, time.Second)
		require.NoError(t, err)
		t.Logf("%+v", p)
		require.Greater(t, p.Samples, int64(10))
		return p
	}
	stock, pooled, client := take(load.Manager), take(load.DropInPooled), take(load.Client)
	require.Greater(t, stock.Makeslice, 0.05)
	require.Greater(t, stock.Allocated, 10.0*ImageSize)
	for _, p := range []Profile{pooled, client} {
		if reuses {
			require.Less(t, p.Makeslice, 0.02, p.Way)
			require.Less(t, p.Allocated, 100e3, p.Way)
			require.Less(t, p.GCs, stock.GCs/50, p.Way)
		}
	}
}

// TestWriters: a pool by size has neither garbage nor small writes.
func TestWriters(t *testing.T) {
	cost := map[string]WriterCost{}
	for _, ws := range AllWriters() {
		c, err := ws.Measure(400)
		require.NoError(t, err)
		t.Logf("%-30s %+v", ws.Name, c)
		cost[ws.Name] = c
		if ws.Ours {
			require.LessOrEqual(t, c.Writes, 2.5, "one small answer, and a large one in four writes or less")
			if reuses {
				require.Less(t, c.Bytes, 500.0)
			}
		}
	}
	require.Greater(t, cost["new for each request"].Bytes, float64(smallWriter+largeWriter)/2)
	if reuses {
		require.Greater(t, cost["in the wrong pool"].Writes, 10.0, "small writers for large answers")
	}
	require.Greater(t, cost["one pool, other sizes dropped"].Bytes, 10_000.0)
}

// TestSenders counts system calls: sendfile alone, and no memory.
func TestSenders(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		require.Empty(t, os.Getenv("CI"), "strace is needed to count system calls")
		t.Skip("strace is not installed")
	}
	cost := map[string]SendCost{}
	for _, s := range Senders() {
		c, err := s.Measure(t.Context(), t.TempDir())
		require.NoError(t, err)
		t.Logf("%-36s %+v", s.Name, c)
		cost[s.Name] = c
		if s.Ours {
			require.LessOrEqual(t, c.Calls["read"]+c.Calls["pread64"], 1.0, "%s: no more than what fills the writer behind the header", s.Name)
			require.Positive(t, c.Calls["sendfile"], s.Name)
			if reuses {
				require.Less(t, c.Allocated, 2048.0, s.Name)
			}
		}
	}
	// A file itself keeps sendfile with Go 1.26 in either order; a section of it does not.
	for _, name := range []string{"io.Copy", "ReadFrom first"} {
		require.Positive(t, cost[name].Calls["sendfile"], name)
		require.GreaterOrEqual(t, cost[name+", SectionReader"].Calls["pread64"], 30.0, name)
	}
	require.GreaterOrEqual(t, cost["io.Copy, SectionReader"].Allocated, 32.0*1024)
}

func TestParseCounts(t *testing.T) {
	require.Equal(t, map[string]int{"sendfile": 21, "read": 8}, parseCounts(`% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.001000          47        21         2 sendfile
 10.00    0.000100          12         8           read
------ ----------- ----------- --------- --------- ----------------
100.00    0.001100                    29         2 total
`))
}
