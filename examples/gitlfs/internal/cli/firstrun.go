package cli

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

const firstUser = "admin"

// firstRun makes a first user where there is none, keeps the password in a file, and prints
// what to type.
func (e *env) firstRun(s *store.Store, base *url.URL) error {
	path := filepath.Join(e.common.Dir, "admin-password")
	n, err := s.CountUsers(e.ctx)
	if err != nil {
		return err
	}
	if n == 0 {
		password := rand.Text()
		hash, err := auth.HashPassword(password)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(e.common.Dir, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
			return err
		}
		if err := s.SetGrant(e.ctx, firstUser, "*", auth.Admin.String()); err != nil {
			return err
		}
		if err := s.SetUser(e.ctx, firstUser, hash); err != nil {
			return err
		}
	}
	password, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // users were made by hand
	}
	if err != nil {
		return err
	}
	u := *base
	u.User = url.UserPassword(firstUser, strings.TrimSpace(string(password)))
	fmt.Fprintf(e.stdout, `In a Git repository (any OWNER/REPO is made when it is first pushed to):

    git lfs install --local
    git config lfs.url %s/OWNER/REPO.git/info/lfs
    git config lfs.locksverify true

`, u.String())
	return nil
}

// clientURL returns where a client on this machine finds the server.
func (c *serveCmd) clientURL(l net.Listener) *url.URL {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		u.Path = strings.TrimSuffix(u.Path, "/")
		return u
	}
	u := &url.URL{Scheme: "http", Host: l.Addr().String()}
	if c.TLSCert != "" {
		u.Scheme = "https"
	}
	if addr, ok := l.Addr().(*net.TCPAddr); ok && addr.IP.IsUnspecified() {
		u.Host = fmt.Sprintf("127.0.0.1:%d", addr.Port)
	}
	return u
}

func (c *serveCmd) withTLS(l net.Listener) (net.Listener, error) {
	if c.TLSCert == "" {
		return l, nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}), nil
}
