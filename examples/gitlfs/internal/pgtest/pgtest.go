// Package pgtest starts PostgreSQL for tests: a server of the package's own in a temporary
// directory, on loopback, with fsync off. A machine without PostgreSQL skips such tests, but
// for CI, where they fail.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// A Server is one PostgreSQL server.
type Server struct {
	bin, dir string
	port     string
	cmd      *exec.Cmd
	dbs      atomic.Int64
}

var shared struct {
	sync.Mutex
	server *Server
}

// Shared returns the server that the tests of a package share, each in a database of its own.
// TestMain must call Close.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		shared.server = start(t)
	}
	return shared.server
}

// Close ends the shared server, if there is one.
func Close() {
	if s := shared.server; s != nil {
		s.cmd.Process.Signal(syscall.SIGINT)
		s.cmd.Wait()
		os.RemoveAll(s.dir)
	}
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := start(t)
	t.Cleanup(func() {
		s.Stop(t)
		os.RemoveAll(s.dir)
	})
	return s
}

func start(t testing.TB) *Server {
	t.Helper()
	bin, ok := find()
	if !ok {
		if os.Getenv("CI") != "" {
			t.Fatal("no PostgreSQL: apt-get install postgresql")
		}
		t.Skip("no PostgreSQL: apt-get install postgresql")
	}
	// Not t.TempDir, whose parents only we may enter.
	dir, err := os.MkdirTemp("", "pgtest-")
	require.NoError(t, err)
	s := &Server{bin: bin, dir: dir, port: freePort(t)}
	s.run(t, "initdb", "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
	s.Start(t)
	return s
}

// find returns the directory of the newest server, which Debian keeps out of PATH.
func find() (string, bool) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, path)
	}
	if len(dirs) == 0 {
		return "", false
	}
	slices.Sort(dirs)
	return filepath.Dir(dirs[len(dirs)-1]), true
}

func (s *Server) command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	runAs(t, cmd, s.dir)
	return cmd
}

func (s *Server) run(t testing.TB, name string, args ...string) {
	t.Helper()
	out, err := s.command(t, name, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Start starts the server, which has been stopped, on the port it had.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.cmd = s.command(t, "postgres", "-D", filepath.Join(s.dir, "data"), "-p", s.port, "-h", "127.0.0.1",
		"-k", s.dir, "-c", "fsync=off", "-c", "max_connections=200", "-c", "log_min_messages=fatal")
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	require.NoError(t, err)
	defer log.Close()
	s.cmd.Stderr = log
	require.NoError(t, s.cmd.Start())
	db, err := sql.Open("pgx", s.dsn("postgres"))
	require.NoError(t, err)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for err = db.PingContext(ctx); err != nil; err = db.PingContext(ctx) {
		if ctx.Err() != nil {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("PostgreSQL does not answer: %v\n%s", err, text)
		}
	}
}

// Stop ends the server as an administrator does who does not wait: connections are closed.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGINT))
	require.NoError(t, s.cmd.Wait())
	s.cmd = nil
}

// Kill ends the server as a crash does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGQUIT))
	s.cmd.Wait()
	s.cmd = nil
}

// Database makes an empty database and returns its DSN.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	db, err := sql.Open("pgx", s.dsn("postgres"))
	require.NoError(t, err)
	defer db.Close()
	name := fmt.Sprintf("test%d", s.dbs.Add(1))
	_, err = db.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	return s.dsn(name)
}

func (s *Server) dsn(db string) string {
	return "postgres://postgres@127.0.0.1:" + s.port + "/" + db + "?sslmode=disable"
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()[strings.LastIndex(l.Addr().String(), ":")+1:]
}
