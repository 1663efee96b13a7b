package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Repository is a row of repositories.
type Repository struct {
	ID    string
	Name  string
	Bytes int64         // of all its references
	Quota sql.NullInt64 // in bytes; not valid means the server's
}

// Repository returns the repository of that name, or ErrNotFound.
func (s *Store) Repository(ctx context.Context, name string) (Repository, error) {
	r := Repository{Name: name}
	err := s.retry(ctx, func(ctx context.Context, _ int) error {
		return s.db.QueryRowContext(ctx, `SELECT id, bytes, quota FROM repositories WHERE name = $1`, name).
			Scan(&r.ID, &r.Bytes, &r.Quota)
	})
	return r, notFound(err)
}

// EnsureRepository returns the repository of that name and makes it if there is none. A fresh
// one has nothing yet. It is one statement where there is one, and two where there is none.
func (s *Store) EnsureRepository(ctx context.Context, name string) (r Repository, fresh bool, err error) {
	r, err = s.Repository(ctx, name)
	if !errors.Is(err, ErrNotFound) {
		return r, false, err
	}
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		return s.db.QueryRowContext(ctx, `INSERT INTO repositories (id, name, created) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING RETURNING id`, rand.Text(), name, now()).Scan(&r.ID)
	})
	if errors.Is(err, sql.ErrNoRows) { // somebody was faster
		r, err = s.Repository(ctx, name)
		return r, false, err
	}
	return r, err == nil, err
}

// SetQuota sets a repository's quota in bytes; negative means the server's.
func (s *Store) SetQuota(ctx context.Context, id string, quota int64) error {
	return s.exec(ctx, `UPDATE repositories SET quota = $2 WHERE id = $1`, id, sql.NullInt64{Int64: quota, Valid: quota >= 0})
}

// The states of an object.
const (
	OK       = "ok"
	Suspect  = "suspect"  // its bytes did not match; still served, and stored again by the next push
	Lost     = "lost"     // S3 does not have it; stored again by the next push
	Deleting = "deleting" // gc is about to delete it
)

// An Object is what is known of the content of an OID.
type Object struct {
	OID   string
	Size  int64
	Key   string // in S3
	State string
	Ours  bool // the repository that was asked about has a reference
}

// Objects looks oids up for a repository, by one statement for up to 1,024 of them. Those
// that nobody has are not in the map.
func (s *Store) Objects(ctx context.Context, repository string, oids []string) (map[string]Object, error) {
	found := make(map[string]Object, len(oids))
	for len(oids) > 0 {
		n := min(len(oids), maxList)
		if err := s.objects(ctx, repository, oids[:n], found); err != nil {
			return nil, err
		}
		oids = oids[n:]
	}
	return found, nil
}

const maxList = 1024

func (s *Store) objects(ctx context.Context, repository string, oids []string, found map[string]Object) error {
	// The list is as long as a power of two, so that the statements which PostgreSQL has
	// prepared are few.
	n := 1
	for n < len(oids) {
		n *= 2
	}
	args := make([]any, 0, n+1)
	args = append(args, repository)
	for i := range n {
		args = append(args, oids[min(i, len(oids)-1)])
	}
	query := `SELECT o.oid, o.size, o.s3_key, o.state, r.oid IS NOT NULL
		FROM objects o LEFT JOIN refs r ON r.oid = o.oid AND r.repository = $1
		WHERE o.oid IN (` + list(2, n) + `)`
	return s.retry(ctx, func(ctx context.Context, _ int) error {
		rows, err := s.db.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var o Object
			if err := rows.Scan(&o.OID, &o.Size, &o.Key, &o.State, &o.Ours); err != nil {
				return err
			}
			found[o.OID] = o
		}
		return rows.Err()
	})
}

// list returns n placeholders from $first on.
func list(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// A Reference is what Commit writes.
type Reference struct {
	Repository string // its id
	OID        string
	Size       int64
	Quota      int64 // of the repository, in bytes; 0 means none

	// Key is where the content has been stored. Empty means that it was there already, and
	// that the client has shown to have it.
	Key string
}

// Commit makes content visible to a repository. It returns the key that the content has from
// now on; if that is not r.Key, somebody else was faster and r.Key is of no use.
//
// ErrNotFound: the repository has been deleted. ErrGone: Key is empty, and the content has
// gone meanwhile. ErrQuota: there is no room. Nothing has changed then.
func (s *Store) Commit(ctx context.Context, r Reference) (key string, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx, _ int) error {
		if r.Key == "" {
			err = tx.QueryRowContext(ctx, `UPDATE objects SET generation = generation + 1, touched = $2
				WHERE oid = $1 AND state = 'ok' RETURNING s3_key`, r.OID, now()).Scan(&key)
			if errors.Is(err, sql.ErrNoRows) {
				return ErrGone
			}
		} else {
			err = tx.QueryRowContext(ctx, `INSERT INTO objects (oid, size, s3_key, state, generation, touched)
				VALUES ($1, $2, $3, 'ok', 1, $4)
				ON CONFLICT (oid) DO UPDATE SET
					s3_key = CASE WHEN objects.state = 'ok' THEN objects.s3_key ELSE excluded.s3_key END,
					state = 'ok', size = excluded.size, generation = objects.generation + 1, touched = excluded.touched
				RETURNING s3_key`, r.OID, r.Size, r.Key, now()).Scan(&key)
		}
		if err != nil {
			return err
		}
		made, err := affected(tx.ExecContext(ctx, `INSERT INTO refs (repository, oid, created)
			SELECT id, $2, CAST($3 AS BIGINT) FROM repositories WHERE id = $1 ON CONFLICT DO NOTHING`, r.Repository, r.OID, now()))
		if err != nil {
			return err
		}
		if made == 0 {
			var n int
			err := tx.QueryRowContext(ctx, `SELECT 1 FROM repositories WHERE id = $1`, r.Repository).Scan(&n)
			return notFound(err)
		}
		room, err := affected(tx.ExecContext(ctx, `UPDATE repositories SET bytes = bytes + CAST($2 AS BIGINT)
			WHERE id = $1 AND (CAST($3 AS BIGINT) = 0 OR bytes + CAST($2 AS BIGINT) <= CAST($3 AS BIGINT))`, r.Repository, r.Size, r.Quota))
		if err == nil && room == 0 {
			err = ErrQuota
		}
		return err
	})
	return key, err
}

// Mark sets the state of the content under key, if it is still there under this key.
func (s *Store) Mark(ctx context.Context, oid, key, state string) error {
	return s.exec(ctx, `UPDATE objects SET state = $3 WHERE oid = $1 AND s3_key = $2 AND state <> 'deleting'`, oid, key, state)
}

func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	return s.retry(ctx, func(ctx context.Context, _ int) error {
		_, err := s.db.ExecContext(ctx, query, args...)
		return err
	})
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func now() int64 { return time.Now().UnixMicro() }
