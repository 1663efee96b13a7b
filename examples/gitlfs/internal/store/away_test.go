package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// Several replicas that start at once apply each migration once.
func TestMigrateAtOnce(t *testing.T) {
	for name, dsn := range map[string]string{
		"db=postgres": pgtest.Shared(t).Database(t),
		"db=sqlite":   "sqlite:" + filepath.Join(t.TempDir(), "lfs.db"),
	} {
		t.Run(name, func(t *testing.T) {
			var g errgroup.Group
			for range 4 {
				g.Go(func() error {
					s, err := store.Open(t.Context(), dsn)
					if err != nil {
						return err
					}
					return s.Close()
				})
			}
			require.NoError(t, g.Wait())
		})
	}
}

// A database that is restarted, in order or by a crash, makes calls wait and fail nothing.
func TestRestart(t *testing.T) {
	pg := pgtest.New(t)
	s := open(t, pg.Database(t))
	r := repository(t, s, "acme/a")
	for name, end := range map[string]func(testing.TB){"stopped": pg.Stop, "crashed": pg.Kill} {
		t.Run(name, func(t *testing.T) {
			var g errgroup.Group
			stop := make(chan struct{})
			for range 4 {
				g.Go(func() error {
					for {
						select {
						case <-stop:
							return nil
						default:
						}
						l, fresh, err := s.CreateLock(t.Context(), r.ID, name+t.Name(), "ann")
						if err != nil {
							return err
						}
						if !fresh {
							continue
						}
						if _, err := s.ReleaseLock(t.Context(), r.ID, l.ID, "ann", false); err != nil {
							return err
						}
						if _, err := s.Objects(t.Context(), r.ID, []string{oid(1)}); err != nil {
							return err
						}
					}
				})
			}
			end(t)
			pg.Start(t)
			close(stop)
			require.NoError(t, g.Wait())
		})
	}

	// A database that stays away is ErrUnavailable when the patience has ended.
	t.Run("gone", func(t *testing.T) {
		retries := 0
		s := open(t, pg.Database(t), func(o *store.Options) {
			o.Patience = 2 * time.Second
			o.OnRetry = func(error) { retries++ }
		})
		pg.Stop(t)
		_, err := s.Repository(t.Context(), "acme/a")
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.NotZero(t, retries)
	})
}
