package s3pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// newPool returns a pool that must be idle, with nothing leaked and no released
// buffer written, when the test ends.
func newPool(t testing.TB, optFns ...func(*s3pool.PoolOptions)) *s3pool.Pool {
	p := s3pool.NewPool(optFns...)
	t.Cleanup(func() { requireIdle(t, p) })
	return p
}

func requireIdle(t testing.TB, p *s3pool.Pool) {
	t.Helper()
	s := p.Stats()
	require.Zero(t, s.Leased, "bytes still leased: %+v", s)
	require.Zero(t, s.Scratch.Leased, "scratch bytes still borrowed: %+v", s)
	require.Zero(t, s.Leaked, "leaked buffers: %v", s.LeakSites)
	require.Zero(t, s.Waiting, "still waiting for the budget")
	p.VerifyIdle()
}

func withBudget(n int64) func(*s3pool.PoolOptions) {
	return func(o *s3pool.PoolOptions) { o.MaxBytes = n }
}

// assertNoError is for goroutines, where require must not be used.
func assertNoError(t testing.TB, err error) bool {
	if err != nil {
		t.Error(err)
	}
	return err == nil
}
