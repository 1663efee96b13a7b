package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

func TestLocks(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		r := repository(t, s, "acme/a")
		l, fresh, err := s.CreateLock(t.Context(), r.ID, "a/ü", "ann")
		require.NoError(t, err)
		require.True(t, fresh)
		again, fresh, err := s.CreateLock(t.Context(), r.ID, "a/ü", "bob")
		require.NoError(t, err)
		require.False(t, fresh)
		require.Equal(t, l, again)
		_, err = s.ReleaseLock(t.Context(), r.ID, l.ID, "bob", false)
		require.ErrorIs(t, err, store.ErrNotOwner)
		_, err = s.ReleaseLock(t.Context(), repository(t, s, "acme/b").ID, l.ID, "ann", false)
		require.ErrorIs(t, err, store.ErrNotFound, "a lock of another repository")
		_, err = s.ReleaseLock(t.Context(), r.ID, l.ID, "bob", true)
		require.NoError(t, err)
		_, err = s.ReleaseLock(t.Context(), r.ID, l.ID, "ann", false)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, _, err = s.CreateLock(t.Context(), "no such repository", "x", "ann")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

// Of 24 who lock a path at once, one gets it, and the others are shown that one.
func TestLockRace(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		r := repository(t, s, "acme/a")
		const racers = 24
		ids := make([]int64, racers)
		var won atomic.Int64
		var g errgroup.Group
		for i := range racers {
			g.Go(func() error {
				l, fresh, err := s.CreateLock(t.Context(), r.ID, "path", fmt.Sprint(i))
				ids[i] = l.ID
				if fresh {
					won.Add(1)
				}
				return err
			})
		}
		require.NoError(t, g.Wait())
		require.EqualValues(t, 1, won.Load())
		for _, id := range ids {
			require.Equal(t, ids[0], id)
		}
	})
}

// Paging while others lock and release shows every lock that stays exactly once.
func TestLockPaging(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		r := repository(t, s, "acme/a")
		lock := func(ctx context.Context, path string) (store.Lock, error) {
			l, _, err := s.CreateLock(ctx, r.ID, path, "ann")
			return l, err
		}
		for i := range 60 {
			l, err := lock(t.Context(), fmt.Sprintf("stays/%02d", i))
			require.NoError(t, err)
			if i%3 == 0 {
				_, err := lock(t.Context(), fmt.Sprintf("goes/%02d", i))
				require.NoError(t, err)
			}
			_ = l
		}
		ctx, stop := context.WithCancel(t.Context())
		var churn errgroup.Group
		for w := range 2 {
			churn.Go(func() error {
				for i := 0; ctx.Err() == nil; i++ {
					l, err := lock(ctx, fmt.Sprintf("churn/%d/%d", w, i%5))
					if err == nil {
						_, err = s.ReleaseLock(ctx, r.ID, l.ID, "ann", false)
					}
					if err != nil && ctx.Err() == nil {
						return err
					}
				}
				return nil
			})
		}
		for range 5 {
			seen := map[string]int{}
			for q := (store.LockQuery{Repository: r.ID, Limit: 7}); ; {
				page, more, err := s.Locks(t.Context(), q)
				require.NoError(t, err)
				for _, l := range page {
					if strings.HasPrefix(l.Path, "stays/") {
						seen[l.Path]++
					}
					q.After = l.ID
				}
				if !more {
					break
				}
			}
			require.Len(t, seen, 60)
			for path, n := range seen {
				require.Equal(t, 1, n, path)
			}
		}
		stop()
		require.NoError(t, churn.Wait())
		one, more, err := s.Locks(t.Context(), store.LockQuery{Repository: r.ID, Path: "stays/07", Limit: 1})
		require.NoError(t, err)
		require.False(t, more)
		require.Len(t, one, 1)
		same, _, err := s.Locks(t.Context(), store.LockQuery{Repository: r.ID, ID: one[0].ID, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, one, same)
	})
}
