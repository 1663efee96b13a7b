package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
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
	opts    Options
	demoted demotion
}

// Open opens a database: a DSN of PostgreSQL (postgres://…), or sqlite:PATH for a file. It
// applies the migrations that are missing. The caller must Close the store.
func Open(ctx context.Context, dsn string, optFns ...func(*Options)) (_ *Store, err error) {
	o := Options{MaxConns: defaultMaxConns, Patience: defaultPatience}
	for _, fn := range optFns {
		fn(&o)
	}
	s := &Store{opts: o}
	path, lite := strings.CutPrefix(dsn, "sqlite:")
	if lite {
		s.db, err = openSQLite(path)
	} else {
		s.db, err = openPostgres(dsn, &s.demoted)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.db.SetMaxOpenConns(o.MaxConns)
	s.db.SetMaxIdleConns(o.MaxConns)
	s.db.SetConnMaxLifetime(10 * time.Minute) // so that a primary that has moved is found
	if lite {
		err = s.migrateSQLite(ctx, path)
	} else {
		err = s.migratePostgres(ctx)
	}
	if err != nil {
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

func openPostgres(dsn string, d *demotion) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	return stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(d.connected), stdlib.OptionResetSession(d.reused)), nil
}

// A demotion remembers when a host last said that it takes no writes: it has been the primary.
// Connections from before are not used again, since they may lead there. A new one finds the
// primary, by the hosts of the DSN or by whatever address follows it.
type demotion struct{ at atomic.Int64 } // nanoseconds since 1970

func (d *demotion) note() { d.at.Store(time.Now().UnixNano()) }

// connected is called for every new connection.
func (d *demotion) connected(_ context.Context, c *pgx.Conn) error {
	c.PgConn().CustomData()[bornKey] = time.Now().UnixNano()
	return nil
}

const bornKey = "gitlfs.born"

// reused is called before a connection is used again.
func (d *demotion) reused(_ context.Context, c *pgx.Conn) error {
	if born, _ := c.PgConn().CustomData()[bornKey].(int64); born <= d.at.Load() {
		return driver.ErrBadConn
	}
	return nil
}

// Close closes the connections.
func (s *Store) Close() error { return s.db.Close() }

// DB is for metrics.
func (s *Store) DB() *sql.DB { return s.db }
