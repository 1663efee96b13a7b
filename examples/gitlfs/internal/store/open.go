package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Options configures a [Store].
type Options struct {
	// MaxConns is the number of connections to PostgreSQL, and of readers of SQLite. Zero
	// means 16.
	MaxConns int

	// Patience is how long a call goes on trying while the database is away. Zero means 15
	// seconds.
	Patience time.Duration

	// OnRetry, if not nil, is called for each repetition, with its cause.
	OnRetry func(error)
}

const (
	defaultMaxConns = 16
	defaultPatience = 15 * time.Second

	// connectTimeout leaves time for a second attempt, at another host of the DSN too.
	connectTimeout = 5 * time.Second

	// sqliteBusy is how long SQLite waits for another writer, in milliseconds.
	sqliteBusy = 20_000
)

// A Store is safe for concurrent use.
type Store struct {
	db      *sql.DB
	dialect goose.Dialect
	opts    Options
}

// Open opens a database: a DSN of PostgreSQL (postgres://…), or sqlite:PATH for a file. It
// applies the migrations that are missing. The caller must Close the store.
func Open(ctx context.Context, dsn string, optFns ...func(*Options)) (_ *Store, err error) {
	o := Options{MaxConns: defaultMaxConns, Patience: defaultPatience}
	for _, fn := range optFns {
		fn(&o)
	}
	s := &Store{opts: o}
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		s.dialect = goose.DialectSQLite3
		s.db, err = openSQLite(path)
	} else {
		s.dialect = goose.DialectPostgres
		s.db, err = openPostgres(dsn)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.db.SetMaxOpenConns(o.MaxConns)
	s.db.SetMaxIdleConns(o.MaxConns)
	s.db.SetConnMaxLifetime(10 * time.Minute) // so that a primary that has moved is found
	if err := s.migrate(ctx); err != nil {
		s.db.Close()
		return nil, fmt.Errorf("store: migrate: %w", err)
	}
	return s, nil
}

// openSQLite opens a file. Transactions are immediate: one that begins by reading and then
// writes would fail when another has written in between. Commits are synced, since the
// client throws its copy away after a push.
func openSQLite(path string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", sqliteBusy), "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
}

func openPostgres(dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	return stdlib.OpenDB(*cfg), nil
}

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. Replicas that start at the same time take turns:
// PostgreSQL by an advisory lock, SQLite since it has one writer.
func (s *Store) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	opts := []goose.ProviderOption{goose.WithVerbose(false)}
	if s.dialect == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	return s.retry(ctx, func(ctx context.Context, _ int) error {
		p, err := goose.NewProvider(s.dialect, s.db, dir, opts...)
		if err != nil {
			return err
		}
		_, err = p.Up(ctx)
		return err
	})
}

// Close closes the connections.
func (s *Store) Close() error { return s.db.Close() }

// DB is for metrics.
func (s *Store) DB() *sql.DB { return s.db }

// Ping reports whether the database answers, without patience.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }
