package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		pgtest.Close()
		os.Exit(code)
	}))
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, s *store.Store)) {
	onBothEmpty(t, func(t *testing.T, dsn string) { test(t, open(t, dsn)) })
}

// onBothEmpty runs a test on databases that nobody has opened yet.
func onBothEmpty(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("db=sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "a b?%.db")) })
	t.Run("db=postgres", func(t *testing.T) { test(t, pgtest.Shared(t).Database(t)) })
}

func open(t *testing.T, dsn string, optFns ...func(*store.Options)) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, optFns...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func oid(n int) string { return fmt.Sprintf("%064x", n) }

func repository(t *testing.T, s *store.Store, name string) store.Repository {
	t.Helper()
	r, _, err := s.EnsureRepository(t.Context(), name)
	require.NoError(t, err)
	return r
}

// commit makes a reference to content that has been stored under a key of its own.
func commit(t *testing.T, s *store.Store, r store.Repository, n int, size int64, key string) {
	t.Helper()
	_, err := s.Commit(t.Context(), store.Reference{Repository: r.ID, OID: oid(n), Size: size, Key: key})
	require.NoError(t, err)
}

func TestCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		const big = 6 << 30 // more than 32 bits
		a, b := repository(t, s, "acme/a"), repository(t, s, "acme/b")
		require.Equal(t, a.ID, repository(t, s, "acme/a").ID)
		_, err := s.Repository(t.Context(), "acme/none")
		require.ErrorIs(t, err, store.ErrNotFound)

		key, err := s.Commit(t.Context(), store.Reference{Repository: a.ID, OID: oid(1), Size: big, Key: "k1"})
		require.NoError(t, err)
		require.Equal(t, "k1", key)
		// A second copy of the same content is of no use.
		key, err = s.Commit(t.Context(), store.Reference{Repository: b.ID, OID: oid(1), Size: big, Key: "k2"})
		require.NoError(t, err)
		require.Equal(t, "k1", key)
		// Neither is a reference that is there.
		key, err = s.Commit(t.Context(), store.Reference{Repository: a.ID, OID: oid(1), Size: big})
		require.NoError(t, err)
		require.Equal(t, "k1", key)
		r := repository(t, s, "acme/a")
		require.EqualValues(t, big, r.Bytes)

		_, err = s.Commit(t.Context(), store.Reference{Repository: a.ID, OID: oid(2), Size: 1})
		require.ErrorIs(t, err, store.ErrGone, "content that nobody has stored")
		_, err = s.Commit(t.Context(), store.Reference{Repository: "gone", OID: oid(2), Size: 1, Key: "k3"})
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.Commit(t.Context(), store.Reference{Repository: a.ID, OID: oid(2), Size: 5, Quota: big + 4, Key: "k4"})
		require.ErrorIs(t, err, store.ErrQuota)
		_, err = s.Commit(t.Context(), store.Reference{Repository: a.ID, OID: oid(2), Size: 4, Quota: big + 4, Key: "k4"})
		require.NoError(t, err)

		found, err := s.Objects(t.Context(), b.ID, []string{oid(1), oid(2), oid(3)})
		require.NoError(t, err)
		require.Equal(t, map[string]store.Object{
			oid(1): {OID: oid(1), Size: big, Key: "k1", State: store.OK, Ours: true},
			oid(2): {OID: oid(2), Size: 4, Key: "k4", State: store.OK},
		}, found)
	})
}

func TestHeal(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		r := repository(t, s, "acme/a")
		commit(t, s, r, 1, 10, "k1")
		require.NoError(t, s.Mark(t.Context(), oid(1), "another", store.Lost))
		require.Equal(t, store.OK, state(t, s, r, 1), "another copy was lost, not this one")
		for i, bad := range []string{store.Lost, store.Suspect} {
			old, fresh := fmt.Sprintf("k%d", i+1), fmt.Sprintf("k%d", i+2)
			require.NoError(t, s.Mark(t.Context(), oid(1), old, bad))
			require.Equal(t, bad, state(t, s, r, 1))
			_, err := s.Commit(t.Context(), store.Reference{Repository: r.ID, OID: oid(1), Size: 10})
			require.ErrorIs(t, err, store.ErrGone)
			commit(t, s, r, 1, 10, fresh)
			require.Equal(t, store.OK, state(t, s, r, 1))
			require.NoError(t, s.Mark(t.Context(), oid(1), old, bad))
			require.Equal(t, store.OK, state(t, s, r, 1), "the old copy is no longer of interest")
		}
		require.EqualValues(t, 10, repository(t, s, "acme/a").Bytes, "counted once")
	})
}

func state(t *testing.T, s *store.Store, r store.Repository, n int) string {
	t.Helper()
	found, err := s.Objects(t.Context(), r.ID, []string{oid(n)})
	require.NoError(t, err)
	return found[oid(n)].State
}

func TestManyObjects(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		r := repository(t, s, "acme/a")
		var oids []string
		for i := range 1500 {
			oids = append(oids, oid(i))
		}
		for _, i := range []int{0, 7, 1023, 1024, 1499} {
			commit(t, s, r, i, 1, "k"+oid(i))
		}
		for n, want := range map[int]int{0: 0, 1: 1, 8: 2, 1023: 2, 1024: 3, 1025: 4, 1500: 5} {
			found, err := s.Objects(t.Context(), r.ID, oids[:n])
			require.NoError(t, err)
			require.Len(t, found, want, "of %d", n)
		}
	})
}

// Racing uploads and gc: whatever has a reference has its content.
func TestGCRace(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		const contents, rounds = 20, 50
		r := repository(t, s, "acme/a")
		stored := sync.Map{} // the keys that S3 has
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var uploads, gc errgroup.Group
		var keys, again, dropped atomic.Int64
		for range 4 {
			uploads.Go(func() error {
				for i := 0; i < contents*rounds/4 || dropped.Load() < contents; i++ {
					key := fmt.Sprintf("k%d", keys.Add(1))
					stored.Store(key, true)
					ref := store.Reference{Repository: r.ID, OID: oid(i % contents), Size: 1, Key: key}
					if i%2 == 0 {
						ref.Key = "" // the client shows to have it; it need not be stored
					}
					_, err := s.Commit(ctx, ref)
					switch {
					case errors.Is(err, store.ErrGone):
						again.Add(1)
					case err != nil:
						return err
					}
				}
				return nil
			})
		}
		gc.Go(func() error {
			for ctx.Err() == nil {
				list, err := s.Unreferenced(ctx, time.Now().Add(time.Hour), "", 1000)
				if err != nil {
					return ignore(ctx, err)
				}
				for _, c := range list {
					ok, err := s.Condemn(ctx, c)
					if err != nil {
						return ignore(ctx, err)
					}
					if ok {
						stored.Delete(c.Key)
						dropped.Add(1)
						if err := s.Forget(ctx, c); err != nil {
							return ignore(ctx, err)
						}
					}
				}
				// Now and then nobody has anything, so that there is something to collect.
				if _, err := s.DB().ExecContext(ctx, `DELETE FROM refs WHERE oid < $1`, oid(contents/2)); err != nil {
					return ignore(ctx, err)
				}
			}
			return nil
		})
		require.NoError(t, uploads.Wait())
		stop()
		require.NoError(t, gc.Wait())
		list, err := s.AllObjects(t.Context(), r.ID, "", 1000)
		require.NoError(t, err)
		for _, o := range list {
			_, ok := stored.Load(o.Key)
			require.True(t, ok, "%s has a reference and no content", o.OID)
		}
		t.Logf("%d collected, %d uploads had to store again", dropped.Load(), again.Load())
	})
}

func ignore(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func TestUnreferenced(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		a, b := repository(t, s, "acme/a"), repository(t, s, "acme/b")
		commit(t, s, a, 1, 1, "k1")
		commit(t, s, a, 2, 1, "k2")
		commit(t, s, b, 2, 1, "k3")
		require.NoError(t, s.DeleteRepository(t.Context(), a.ID))
		_, err := s.Repository(t.Context(), "acme/a")
		require.ErrorIs(t, err, store.ErrNotFound)
		list, err := s.Unreferenced(t.Context(), time.Now().Add(time.Second), "", 10)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, "k1", list[0].Key)
		list, err = s.Unreferenced(t.Context(), time.Now().Add(-time.Hour), "", 10)
		require.NoError(t, err)
		require.Empty(t, list, "within the grace")
		known, err := s.KnownKeys(t.Context(), []string{"k1", "k2", "k3"})
		require.NoError(t, err)
		require.Equal(t, map[string]bool{"k1": true, "k2": true}, known)
	})
}

func TestUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		require.NoError(t, s.SetUser(ctx, "ann", "hash"))
		require.NoError(t, s.SetGrant(ctx, "ann", "acme/*", "write"))
		require.NoError(t, s.SetGrant(ctx, "", "acme/open", "read"))
		require.NoError(t, s.AddToken(ctx, "aa", "ci", "ann", "read", 0))
		require.NoError(t, s.AddToken(ctx, "bb", "old", "ann", "read", 1))

		u, err := s.User(ctx, "ann")
		require.NoError(t, err)
		require.Equal(t, "hash", u.Bcrypt)
		require.ElementsMatch(t, []store.Grant{{"acme/*", "write"}, {"acme/open", "read"}}, u.Grants)
		u, err = s.User(ctx, "nobody")
		require.NoError(t, err)
		require.Equal(t, store.User{Grants: []store.Grant{{"acme/open", "read"}}}, u)
		u, err = s.Token(ctx, "aa")
		require.NoError(t, err)
		require.Equal(t, "ann", u.Name)
		require.Equal(t, "read", u.Most)
		u, err = s.Token(ctx, "bb")
		require.NoError(t, err)
		require.Empty(t, u.Name, "an expired token")
		require.NoError(t, s.SetGrant(ctx, "ann", "acme/*", ""))
		u, err = s.User(ctx, "ann")
		require.NoError(t, err)
		require.Len(t, u.Grants, 1)
	})
}
