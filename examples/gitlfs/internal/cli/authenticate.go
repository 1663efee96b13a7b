package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

type authenticateCmd struct {
	Path      string        `arg:"" help:"OWNER/REPO, as the SSH URL has it."`
	Operation string        `arg:"" enum:"upload,download" help:"upload or download."`
	As        string        `name:"user" required:"" env:"GITLFS_USER" help:"Whom SSH has authenticated."`
	PublicURL string        `required:"" env:"GITLFS_PUBLIC_URL" help:"Where clients find the server."`
	TokenTTL  time.Duration `default:"4h" env:"GITLFS_TOKEN_TTL" help:"How long the token is good."`
}

// Run implements the command.
func (c *authenticateCmd) Run(e *env) error {
	repo := strings.TrimSuffix(strings.Trim(c.Path, "/"), ".git")
	owner, name, ok := strings.Cut(repo, "/")
	if !ok || !lfs.ValidName(owner) || !lfs.ValidName(name) {
		return errors.New("there is no such repository")
	}
	need := auth.Read
	if c.Operation == lfs.Upload {
		need = auth.Write
	}
	return c.withUsers(e, func(users *auth.Users) error {
		access, err := users.Access(e.ctx, c.As, repo)
		switch {
		case err != nil:
			return err
		case access == auth.None:
			return errors.New("there is no such repository")
		case access < need:
			return fmt.Errorf("%s access is needed", need)
		}
		keys, err := e.openKeys()
		if err != nil {
			return err
		}
		if need == auth.Read {
			access = auth.Read // a download is no reason for more
		}
		token, err := keys.Sign(auth.Claims{For: auth.ForSession, Repository: repo, Access: access.String()}, c.As, c.TokenTTL)
		if err != nil {
			return err
		}
		return json.NewEncoder(e.stdout).Encode(lfs.Session{
			Href:      strings.TrimSuffix(c.PublicURL, "/") + "/" + repo + "/info/lfs",
			Header:    map[string]string{"Authorization": "Bearer " + token},
			ExpiresIn: int(c.TokenTTL / time.Second),
		})
	})
}

// withUsers runs f with the users. Those of a file need no database.
func (c *authenticateCmd) withUsers(e *env, f func(*auth.Users) error) error {
	if e.common.Users != "" {
		users, err := e.openAuth(nil)
		if err != nil {
			return err
		}
		return f(users)
	}
	return e.withStore(func(s *store.Store) error {
		users, err := e.openAuth(s)
		if err != nil {
			return err
		}
		return f(users)
	})
}
