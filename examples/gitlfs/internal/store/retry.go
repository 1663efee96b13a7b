package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotFound is returned where the row that is asked for is not there.
	ErrNotFound = errors.New("store: not found")

	// ErrUnavailable is in the error of a call that the database did not answer in time.
	ErrUnavailable = errors.New("store: the database is not available")

	// ErrQuota is returned for a reference that the repository's quota has no room for.
	ErrQuota = errors.New("store: over the repository's quota")

	// ErrGone is returned by Commit without a key for content that is not there any more.
	ErrGone = errors.New("store: the content is gone")
)

// errRaced makes a call start again.
var errRaced = errors.New("store: raced")

const (
	firstPause   = 20 * time.Millisecond
	longestPause = time.Second

	readOnly = "25006" // of PostgreSQL: a write in a read-only transaction
)

// retry calls f until it returns nil, an error that repeating does not cure, or the store's
// patience has ended. f gets the number of the attempt, from 1: what an attempt finds after
// the first may be its own work, whose commit was never confirmed.
func (s *Store) retry(ctx context.Context, f func(ctx context.Context, attempt int) error) error {
	return s.retryFor(ctx, s.opts.Patience, f)
}

// retryFor is retry with another patience.
func (s *Store) retryFor(ctx context.Context, patience time.Duration, f func(ctx context.Context, attempt int) error) error {
	bound, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := f(bound, attempt)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if !temporary(err) && bound.Err() == nil {
			return err
		}
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == readOnly {
			s.demoted.note()
		}
		if bound.Err() == nil {
			if s.opts.OnRetry != nil {
				s.opts.OnRetry(err)
			}
			t := time.NewTimer(pause/2 + rand.N(pause/2))
			select {
			case <-t.C:
			case <-bound.Done():
				t.Stop()
			}
		}
		if bound.Err() != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		pause = min(2*pause, longestPause)
	}
}

// tx runs f in a transaction, again if need be.
func (s *Store) tx(ctx context.Context, f func(ctx context.Context, tx *sql.Tx, attempt int) error) error {
	return s.retry(ctx, func(ctx context.Context, attempt int) error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := f(ctx, tx, attempt); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// temporary reports whether the same call may succeed in a moment.
func temporary(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "40001", "40P01", // serialisation failure, deadlock
			readOnly,                           // this host is no longer the primary
			"53300",                            // too many connections
			"57P01", "57P02", "57P03", "57P05": // shutting down, crashed, starting up
			return true
		}
		return strings.HasPrefix(pg.Code, "08") // connection exceptions
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, errRaced) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) ||
		strings.Contains(err.Error(), "conn closed") // of a pgx connection that died in a transaction
}
