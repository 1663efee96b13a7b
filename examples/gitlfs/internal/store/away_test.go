package store_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// Replicas that start at the same time apply each migration once.
func TestMigrateAtOnce(t *testing.T) {
	const replicas, rounds = 8, 5
	for range rounds {
		onBothEmpty(t, func(t *testing.T, dsn string) {
			var g errgroup.Group
			for range replicas {
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

// A host that has become a replica takes no writes. Calls wait for the primary, and do not go
// back to the replica on connections that they have.
func TestFailover(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	admin := open(t, dsn)
	do := func(statement string) {
		_, err := admin.DB().ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	name := dsn[strings.LastIndex(dsn, "/")+1 : strings.Index(dsn, "?")]
	do("ALTER DATABASE " + name + " SET default_transaction_read_only = on")
	refused := make(chan struct{}, 100)
	s := open(t, dsn, func(o *store.Options) { o.OnRetry = func(error) { refused <- struct{}{} } })
	done := make(chan error, 1)
	go func() {
		_, _, err := s.EnsureRepository(t.Context(), "acme/a")
		done <- err
	}()
	<-refused
	do("ALTER DATABASE " + name + " RESET default_transaction_read_only")
	require.NoError(t, <-done)
}

// Where the database wants transactions to be serializable, those that fail for it are repeated.
func TestSerializationFailures(t *testing.T) {
	var retries atomic.Int64
	s := open(t, pgtest.Shared(t).Database(t)+"&default_transaction_isolation=serializable", func(o *store.Options) {
		o.OnRetry = func(error) { retries.Add(1) }
	})
	r := repository(t, s, "acme/a")
	var g errgroup.Group
	for i := range 16 {
		g.Go(func() error {
			for n := range 10 {
				ref := store.Reference{Repository: r.ID, OID: oid(i*10 + n), Size: 1, Key: "k" + oid(i*10+n)}
				if _, err := s.Commit(t.Context(), ref); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.EqualValues(t, 160, repository(t, s, "acme/a").Bytes)
	require.NotZero(t, retries.Load())
}
