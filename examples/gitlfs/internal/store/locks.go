package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"
)

// A Lock is a row of locks.
type Lock struct {
	ID       int64 // grows within the repository
	Path     string
	Owner    string
	LockedAt time.Time
}

// CreateLock locks a path. If it is locked already, it returns that lock and false.
func (s *Store) CreateLock(ctx context.Context, repository, path, owner string) (Lock, bool, error) {
	var (
		l     Lock
		fresh bool
	)
	nonce := rand.Text()
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx, _ int) error {
		// The row of the repository is held until the commit, so ids grow in the order of
		// commits: whoever pages by id misses none that is there.
		var id int64
		err := tx.QueryRowContext(ctx, `UPDATE repositories SET last_lock = last_lock + 1
			WHERE id = $1 RETURNING last_lock`, repository).Scan(&id)
		if err != nil {
			return notFound(err)
		}
		made, err := affected(tx.ExecContext(ctx, `INSERT INTO locks (repository, id, path, owner, locked_at, nonce)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, repository, id, path, owner, now(), nonce))
		if err != nil {
			return err
		}
		var theirs string
		l, theirs, err = scanLock(tx.QueryRowContext(ctx, lockColumns+`, nonce FROM locks
			WHERE repository = $1 AND path = $2`, repository, path))
		if errors.Is(err, ErrNotFound) {
			return errRaced // released between the two statements
		}
		fresh = made > 0 || theirs == nonce // an attempt whose commit was not confirmed
		return err
	})
	return l, fresh, err
}

const lockColumns = `SELECT id, path, owner, locked_at`

func scanLock(row interface{ Scan(...any) error }) (Lock, string, error) {
	var (
		l     Lock
		at    int64
		nonce string
	)
	err := row.Scan(&l.ID, &l.Path, &l.Owner, &at, &nonce)
	l.LockedAt = time.UnixMicro(at).UTC()
	return l, nonce, notFound(err)
}

// A LockQuery says which locks are listed.
type LockQuery struct {
	Repository string
	After      int64  // the id behind which to begin
	ID         int64  // 0 means any
	Path       string // "" means any
	Limit      int
}

// Locks returns locks in the order of their ids, and whether there are more. A lock that is
// there throughout is on one page exactly, whatever is made and released meanwhile.
func (s *Store) Locks(ctx context.Context, q LockQuery) (locks []Lock, more bool, err error) {
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		locks = locks[:0]
		rows, err := s.db.QueryContext(ctx, lockColumns+`, nonce FROM locks
			WHERE repository = $1 AND id > $2 AND (CAST($3 AS BIGINT) = 0 OR id = CAST($3 AS BIGINT)) AND ($4 = '' OR path = $4)
			ORDER BY id LIMIT $5`, q.Repository, q.After, q.ID, q.Path, q.Limit+1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			l, _, err := scanLock(rows)
			if err != nil {
				return err
			}
			locks = append(locks, l)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, false, err
	}
	if len(locks) > q.Limit {
		return locks[:q.Limit], true, nil
	}
	return locks, false, nil
}

// ErrNotOwner is returned with the lock where it is somebody else's.
var ErrNotOwner = errors.New("store: somebody else's lock")

// ReleaseLock releases a lock: owner's, or with force anybody's.
func (s *Store) ReleaseLock(ctx context.Context, repository string, id int64, owner string, force bool) (Lock, error) {
	var l Lock
	err := s.retry(ctx, func(ctx context.Context, attempt int) error {
		if attempt == 1 || l.ID == 0 {
			var err error
			l, _, err = scanLock(s.db.QueryRowContext(ctx, lockColumns+`, nonce FROM locks
				WHERE repository = $1 AND id = $2`, repository, id))
			if err != nil {
				return err
			}
			if l.Owner != owner && !force {
				return ErrNotOwner
			}
		}
		n, err := affected(s.db.ExecContext(ctx, `DELETE FROM locks WHERE repository = $1 AND id = $2`, repository, id))
		if err == nil && n == 0 && attempt == 1 {
			err = ErrNotFound // somebody was faster; later it may have been we
		}
		return err
	})
	return l, err
}

// CountLocks is for metrics.
func (s *Store) CountLocks(ctx context.Context) (n int64, err error) {
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		return s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM locks`).Scan(&n)
	})
	return n, err
}
