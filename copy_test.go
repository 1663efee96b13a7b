package s3pool_test

import (
	"io"
	"strings"
	"testing"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/require"
)

// TestCopy: the copy itself is tested in internal/zerocopy.
func TestCopy(t *testing.T) {
	p := newPool(t)
	for name, do := range map[string]func(io.Writer, io.Reader) (int64, error){"Copy": s3pool.Copy, "Pool.Copy": p.Copy} {
		var b strings.Builder
		n, err := do(&b, struct{ io.Reader }{strings.NewReader("hello")})
		require.NoError(t, err, name)
		require.EqualValues(t, 5, n, name)
		require.Equal(t, "hello", b.String(), name)
	}
	require.NotZero(t, p.Stats().Class("scratch").Acquires)
}

func TestCopyNilPool(t *testing.T) {
	var p *s3pool.Pool
	require.PanicsWithValue(t, "s3pool: Copy on a nil *Pool; use NewPool or DefaultPool", func() {
		p.Copy(io.Discard, strings.NewReader(""))
	})
}
