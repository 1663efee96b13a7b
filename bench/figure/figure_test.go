package figure

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
)

func TestRatioText(t *testing.T) {
	for want, r := range map[string]float64{"0.50": 0.5, "1/20": 0.05, "1/1000": 0.001, "0": 0, "not known": math.NaN(), "12.00": 12} {
		require.Equal(t, want, ratioText(r))
	}
	require.Equal(t, page.Verdict{Bound: "a ÷ b ≤ 1/50", Measured: "1/100", Reached: true}, atMost("a ÷ b", 1, 100, 1.0/50))
	require.False(t, atMost("a ÷ b", 1, 0, 1).Reached, "what is not known is not reached")
	require.False(t, atMost("a ÷ b", math.NaN(), 1, 1).Reached)
}

func TestMedian(t *testing.T) {
	id := func(v float64) float64 { return v }
	require.Equal(t, 2.0, median([]float64{3, 1, 2}, id))
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}, id))
}

// TestReportIsWhole: the report in the repository has every section, in order, and no two
// pictures or tables of one name.
func TestReportIsWhole(t *testing.T) {
	r, err := page.Load(filepath.Join("../../docs/report", "data.json"))
	require.NoError(t, err)
	var want, got []string
	for _, f := range All() {
		want = append(want, f.Name)
	}
	charts, tables := map[string]bool{}, map[string]bool{}
	for _, s := range r.Sections {
		got = append(got, s.Name)
		for _, c := range s.Charts {
			require.False(t, charts[c.Name], c.Name)
			charts[c.Name] = true
			require.NotEmpty(t, c.Series, c.Name)
			for _, series := range c.Series {
				require.NotEmpty(t, series.Y, "%s: %s", c.Name, series.Name)
			}
		}
		for _, table := range s.Tables {
			require.False(t, tables[table.Name], table.Name)
			tables[table.Name] = true
			for _, row := range table.Rows {
				require.Len(t, row.Values, len(table.Columns), "%s: %s", table.Name, row.Label)
			}
		}
	}
	require.Equal(t, want, got)
}

// TestContests: the sections ask for contests that there are.
func TestContests(t *testing.T) {
	for _, via := range []string{"get", "verified", "open", "putstream", "serve", "receive"} {
		_, err := find("client", via)
		require.NoError(t, err)
	}
	_, err := find("client", "nothing")
	require.Error(t, err)
	c, err := find("download", "pooled", "sdk")
	require.NoError(t, err)
	require.Len(t, c.Entries, 1)
}

// TestLargeSizes: a full report goes to 10 GB, and the server has such objects.
func TestLargeSizes(t *testing.T) {
	short, full := &Env{}, &Env{Full: true}
	require.Equal(t, []int64{100e6, 1e9}, largeSizes(short))
	require.Equal(t, []int64{100e6, 1e9, 10e9}, largeSizes(full))
	require.LessOrEqual(t, largeSizes(full)[2], server.LargestSize)
	require.Equal(t, []int{10, 1}, []int{turns(short, 100e6), turns(short, 1e9)})
	require.Equal(t, []int{50, 5, 1}, []int{turns(full, 100e6), turns(full, 1e9), turns(full, 10e9)})
	require.Equal(t, "100 MB", sizeName(100e6))
	require.Equal(t, "10 GB", sizeName(10e9))
	require.InDelta(t, 2, perGiB(time.Second, 1<<29), 1e-9)
}
