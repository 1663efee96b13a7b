package page_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/page"
)

func TestFill(t *testing.T) {
	r := sample()
	got, err := r.Fill("before\n<!-- report: t [rows: ours] [columns: more] -->\nold\n<!-- end -->\nafter\n")
	require.NoError(t, err)
	require.Equal(t, "before\n<!-- report: t [rows: ours] [columns: more] -->\n| way      | more |\n|----------|-----:|\n| **ours** |    3 |\n<!-- end -->\nafter\n", got)
	again, err := r.Fill(got)
	require.NoError(t, err)
	require.Equal(t, got, again)
	for _, bad := range []string{"none", "t [rows: nobody]", "t [columns: nothing]", "t [cells: x]"} {
		_, err := r.Fill("<!-- report: " + bad + " -->\n<!-- end -->")
		require.Error(t, err, bad)
	}
}

func TestFigures(t *testing.T) {
	require.Equal(t, []string{"3.5 ms", "12 ×", "20 times less"}, page.Figures("It takes 3.5 ms, 12 × or 20 times less; `7 ms` is code.\n```\n8 ms\n```\n<!-- report: t -->\n9 ms\n<!-- end -->\nOf 8 MiB and 20 seconds nothing is said.\n"))
}
