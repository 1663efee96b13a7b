// Package pooltest makes the pools of tests: they must be idle when the test ends.
package pooltest

import (
	"testing"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/require"
)

// New returns a pool that must be idle, with nothing leaked and no released buffer
// written, when the test ends.
func New(t testing.TB, optFns ...func(*s3pool.PoolOptions)) *s3pool.Pool {
	p := s3pool.NewPool(optFns...)
	t.Cleanup(func() { RequireIdle(t, p) })
	return p
}

// RequireIdle fails the test if anything of the pool is in use.
func RequireIdle(t testing.TB, p *s3pool.Pool) {
	t.Helper()
	s := p.Stats()
	require.Zero(t, s.Leased, "bytes still leased: %+v", s)
	require.Zero(t, s.Class("scratch").Leased, "scratch bytes still borrowed: %+v", s)
	require.Zero(t, s.Leaked, "leaked buffers: %v", s.LeakSites)
	require.Zero(t, s.Waiting, "still waiting for the budget")
	(*mem.Pool)(p).VerifyIdle()
}

// WithBudget is the option of a pool with n bytes.
func WithBudget(n int64) func(*s3pool.PoolOptions) {
	return func(o *s3pool.PoolOptions) { o.MaxBytes = n }
}

// NoError is for goroutines, where require must not be used.
func NoError(t testing.TB, err error) bool {
	if err != nil {
		t.Error(err)
	}
	return err == nil
}
