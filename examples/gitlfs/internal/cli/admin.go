package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// withStore runs f with the database.
func (e *env) withStore(f func(*store.Store) error) (err error) {
	s, err := e.openStore()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return f(s)
}

type userCmd struct {
	Name string `arg:"" help:"The user's name."`
}

// Run implements the command.
func (c *userCmd) Run(e *env) error {
	line, err := bufio.NewReader(e.stdin).ReadString('\n')
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return fmt.Errorf("no password on standard input: %w", err)
	}
	hash, err := auth.HashPassword(password)
	if err != nil {
		return err
	}
	return e.withStore(func(s *store.Store) error { return s.SetUser(e.ctx, c.Name, hash) })
}

type tokenCmd struct {
	User    string        `arg:"" help:"Whose token."`
	Name    string        `arg:"" help:"What it is for."`
	Most    string        `default:"write" enum:"read,write,admin" help:"The most that it gives."`
	Expires time.Duration `help:"How long it is good; 0 for ever."`
}

// Run implements the command.
func (c *tokenCmd) Run(e *env) error {
	token, expires := auth.NewToken(), int64(0)
	if c.Expires > 0 {
		expires = time.Now().Add(c.Expires).UnixMicro()
	}
	err := e.withStore(func(s *store.Store) error {
		return s.AddToken(e.ctx, auth.HashToken(token), c.Name, c.User, c.Most, expires)
	})
	if err == nil {
		fmt.Fprintln(e.stdout, token)
	}
	return err
}

type grantCmd struct {
	User    string `arg:"" help:"A user, or - for everybody."`
	Pattern string `arg:"" help:"OWNER/REPO, OWNER/* or *."`
	Access  string `arg:"" enum:"read,write,admin,none" help:"read, write, admin or none."`
}

// Run implements the command.
func (c *grantCmd) Run(e *env) error {
	if err := auth.CheckPattern(c.Pattern); err != nil {
		return err
	}
	user, access := c.User, c.Access
	if user == "-" {
		user = ""
	}
	if access == "none" {
		access = ""
	}
	return e.withStore(func(s *store.Store) error { return s.SetGrant(e.ctx, user, c.Pattern, access) })
}

type quotaCmd struct {
	Repository string `arg:"" help:"OWNER/REPO."`
	Bytes      Bytes  `arg:"" help:"The sum of the sizes of its objects."`
}

// Run implements the command.
func (c *quotaCmd) Run(e *env) error {
	return e.withStore(func(s *store.Store) error {
		r, _, err := s.EnsureRepository(e.ctx, c.Repository)
		if err != nil {
			return err
		}
		return s.SetQuota(e.ctx, r.ID, int64(c.Bytes))
	})
}

type keyCmd struct{}

// Run implements the command.
func (c *keyCmd) Run(e *env) error { return json.NewEncoder(e.stdout).Encode(auth.NewKey()) }
