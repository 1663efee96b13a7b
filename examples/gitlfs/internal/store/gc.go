package store

import (
	"context"
	"database/sql"
	"time"
)

// A Candidate is content that no repository has a reference to.
type Candidate struct {
	Object
	generation int64
}

// Unreferenced returns content without references which nobody has touched since before, in
// the order of OIDs behind after, at most limit of it. Content that an earlier run was about
// to delete is among it.
func (s *Store) Unreferenced(ctx context.Context, before time.Time, after string, limit int) (list []Candidate, err error) {
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		list = list[:0]
		rows, err := s.db.QueryContext(ctx, `SELECT oid, size, s3_key, state, generation FROM objects o
			WHERE oid > $1 AND touched < $2 AND NOT EXISTS (SELECT 1 FROM refs r WHERE r.oid = o.oid)
			ORDER BY oid LIMIT $3`, after, before.UnixMicro(), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c Candidate
			if err := rows.Scan(&c.OID, &c.Size, &c.Key, &c.State, &c.generation); err != nil {
				return err
			}
			list = append(list, c)
		}
		return rows.Err()
	})
	return list, err
}

// Condemn marks a candidate for deletion. It reports false if somebody has made a reference
// to it since it was listed. From then on no reference can be made to this copy: an upload of
// the same content stores another.
func (s *Store) Condemn(ctx context.Context, c Candidate) (bool, error) {
	var n int64
	err := s.retry(ctx, func(ctx context.Context, _ int) (err error) {
		// The generation is what makes this safe. Under READ COMMITTED an update that has
		// waited for a row sees the row anew, but the subquery does not see new references.
		n, err = affected(s.db.ExecContext(ctx, `UPDATE objects SET state = 'deleting'
			WHERE oid = $1 AND s3_key = $2 AND generation = $3
			AND NOT EXISTS (SELECT 1 FROM refs r WHERE r.oid = objects.oid)`, c.OID, c.Key, c.generation))
		return err
	})
	return n > 0, err
}

// Forget removes the row of a condemned candidate, when S3 has deleted the content.
func (s *Store) Forget(ctx context.Context, c Candidate) error {
	return s.exec(ctx, `DELETE FROM objects WHERE oid = $1 AND s3_key = $2 AND state = 'deleting'`, c.OID, c.Key)
}

// KnownKeys returns those of keys that a row names, at most 1,024 of them.
func (s *Store) KnownKeys(ctx context.Context, keys []string) (known map[string]bool, err error) {
	args := make([]any, len(keys))
	for i, k := range keys {
		args[i] = k
	}
	known = map[string]bool{}
	if len(keys) == 0 {
		return known, nil
	}
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		rows, err := s.db.QueryContext(ctx, `SELECT s3_key FROM objects WHERE s3_key IN (`+list(1, len(keys))+`)`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k string
			if err := rows.Scan(&k); err != nil {
				return err
			}
			known[k] = true
		}
		return rows.Err()
	})
	return known, err
}

// AllObjects returns content in the order of OIDs behind after, at most limit of it. An empty
// repository means all.
func (s *Store) AllObjects(ctx context.Context, repository, after string, limit int) (list []Object, err error) {
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		list = list[:0]
		rows, err := s.db.QueryContext(ctx, `SELECT oid, size, s3_key, state FROM objects o
			WHERE oid > $1 AND state <> 'deleting'
			AND ($2 = '' OR EXISTS (SELECT 1 FROM refs r WHERE r.oid = o.oid AND r.repository = $2))
			ORDER BY oid LIMIT $3`, after, repository, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var o Object
			if err := rows.Scan(&o.OID, &o.Size, &o.Key, &o.State); err != nil {
				return err
			}
			list = append(list, o)
		}
		return rows.Err()
	})
	return list, err
}

// DeleteRepository removes a repository, its locks and its references. The content stays
// until gc finds that nobody else has it.
func (s *Store) DeleteRepository(ctx context.Context, id string) error {
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx, _ int) error {
		// First the row that every change of the repository takes, so that none comes between.
		if _, err := tx.ExecContext(ctx, `UPDATE repositories SET bytes = 0 WHERE id = $1`, id); err != nil {
			return err
		}
		for _, query := range []string{
			`DELETE FROM locks WHERE repository = $1`,
			`DELETE FROM refs WHERE repository = $1`,
			`DELETE FROM repositories WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, query, id); err != nil {
				return err
			}
		}
		return nil
	})
}
