package store

import (
	"context"
	"database/sql"
)

// A User is what the database knows of one, with the grants of everybody.
type User struct {
	Name   string
	Bcrypt string // of the password; empty if there is no such user
	Most   string // of a token: the most it gives; empty for no bound
	Grants []Grant
}

// A Grant gives access to the repositories of a pattern.
type Grant struct{ Pattern, Access string }

// User returns a user, the grants and those of everybody, in one statement. Of an unknown
// user there are those of everybody alone.
func (s *Store) User(ctx context.Context, name string) (User, error) {
	return s.user(ctx, `SELECT u.name, u.bcrypt, '', g.pattern, g.access
		FROM (SELECT $1 AS name) n LEFT JOIN users u ON u.name = n.name
		LEFT JOIN grants g ON g.user_name = u.name OR g.user_name = ''`, name)
}

// Token returns the user whom a token belongs to, found by its SHA-256 in hexadecimal.
func (s *Store) Token(ctx context.Context, sha256 string) (User, error) {
	return s.user(ctx, `SELECT u.name, u.bcrypt, t.most, g.pattern, g.access
		FROM tokens t JOIN users u ON u.name = t.user_name
		LEFT JOIN grants g ON g.user_name = u.name OR g.user_name = ''
		WHERE t.sha256 = $1 AND (t.expires = 0 OR t.expires > $2)`, sha256, now())
}

func (s *Store) user(ctx context.Context, query string, args ...any) (u User, err error) {
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		u = User{}
		rows, err := s.db.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, bcrypt, pattern, access sql.NullString
			if err := rows.Scan(&name, &bcrypt, &u.Most, &pattern, &access); err != nil {
				return err
			}
			u.Name, u.Bcrypt = name.String, bcrypt.String
			if pattern.Valid {
				u.Grants = append(u.Grants, Grant{pattern.String, access.String})
			}
		}
		return rows.Err()
	})
	return u, err
}

// SetUser makes a user, or gives one another password. bcrypt is its hash; "!" is one that no
// password has.
func (s *Store) SetUser(ctx context.Context, name, bcrypt string) error {
	return s.exec(ctx, `INSERT INTO users (name, bcrypt) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET bcrypt = excluded.bcrypt`, name, bcrypt)
}

// AddToken makes a token for a user. expires is in microseconds since 1970, 0 for never.
func (s *Store) AddToken(ctx context.Context, sha256, name, user, most string, expires int64) error {
	return s.exec(ctx, `INSERT INTO tokens (sha256, name, user_name, most, expires) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, sha256, name, user, most, expires)
}

// SetGrant gives a user access to the repositories of a pattern; "" is everybody. An empty
// access takes it away.
func (s *Store) SetGrant(ctx context.Context, user, pattern, access string) error {
	if access == "" {
		return s.exec(ctx, `DELETE FROM grants WHERE user_name = $1 AND pattern = $2`, user, pattern)
	}
	return s.exec(ctx, `INSERT INTO grants (user_name, pattern, access) VALUES ($1, $2, $3)
		ON CONFLICT (user_name, pattern) DO UPDATE SET access = excluded.access`, user, pattern, access)
}

// CountUsers is for the first start.
func (s *Store) CountUsers(ctx context.Context) (n int64, err error) {
	err = s.retry(ctx, func(ctx context.Context, _ int) error {
		return s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM users`).Scan(&n)
	})
	return n, err
}
