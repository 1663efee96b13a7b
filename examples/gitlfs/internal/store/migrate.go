package store

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// migratePatience bounds the migrations and the wait for another replica's, which may
	// take longer than a client waits.
	migratePatience = 10 * time.Minute

	// lockPoll is how often a replica asks PostgreSQL whether the other one is done.
	lockPoll = time.Second
)

// migratePostgres brings the schema up to date. Replicas that start at the same time take
// turns by an advisory lock.
func (s *Store) migratePostgres(ctx context.Context) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(uint64(lockPoll/time.Second), uint64(migratePatience/lockPoll)))
	if err != nil {
		return err
	}
	return s.migrate(ctx, goose.DialectPostgres, goose.WithSessionLocker(locker))
}

// migrateSQLite does the same for a file. goose has no lock for SQLite, and its own
// transactions begin after it has looked at what is missing. So the turns are taken in a
// database beside: whoever has a transaction there migrates. It ends with its process, which a
// lock in a table would not.
func (s *Store) migrateSQLite(ctx context.Context, path string) (err error) {
	turns, err := openSQLite(path + ".migrate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, turns.Close()) }()
	return s.retryFor(ctx, migratePatience, func(ctx context.Context, _ int) error {
		turn, err := turns.BeginTx(ctx, nil) // immediate: it waits for the one before
		if err != nil {
			return err
		}
		defer turn.Rollback()
		return s.migrate(ctx, goose.DialectSQLite3)
	})
}

func (s *Store) migrate(ctx context.Context, dialect goose.Dialect, opts ...goose.ProviderOption) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// Who does not answer now is not waited for as long as a migration is.
	if err := s.retry(ctx, func(ctx context.Context, _ int) error { return s.db.PingContext(ctx) }); err != nil {
		return err
	}
	return s.retryFor(ctx, migratePatience, func(ctx context.Context, _ int) error {
		p, err := goose.NewProvider(dialect, s.db, dir, append(opts, goose.WithVerbose(false))...)
		if err != nil {
			return err
		}
		_, err = p.Up(ctx)
		return err
	})
}
