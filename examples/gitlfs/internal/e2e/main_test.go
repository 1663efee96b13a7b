package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/cli"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/internal/s3server"
)

// programEnv makes this test binary the program.
const programEnv = "GITLFS_E2E_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		cli.Main()
		os.Exit(0)
	}
	s3server.Main()
	code := m.Run()
	pgtest.Close()
	os.Exit(code)
}

// waitFor bounds a wait for another process, for a test that would otherwise hang.
const (
	waitFor = 60 * time.Second
	tick    = 20 * time.Millisecond
)

// need fails, or outside of CI skips, a test whose tool is not there.
func need(t testing.TB, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no %s: apt-get install it", tool)
	}
	t.Skipf("no %s: apt-get install it", tool)
	return ""
}

// A program is a gitlfs that runs.
type program struct {
	t       testing.TB
	cmd     *exec.Cmd
	addr    string
	metrics string
	done    chan struct{}

	mu     sync.Mutex
	stdout bytes.Buffer
	logs   bytes.Buffer
}

// run starts the program and waits until it serves.
func run(t testing.TB, env []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(os.Args[0], args...), done: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), programEnv+"=1"), env...)
	p.cmd.Stdout = &lockedWriter{&p.mu, &p.stdout}
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	serving := make(chan struct{})
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct{ Msg, Listen, URL string }
			json.Unmarshal(lines.Bytes(), &line)
			p.mu.Lock()
			p.logs.Write(lines.Bytes())
			p.logs.WriteByte('\n')
			p.mu.Unlock()
			switch line.Msg {
			case "metrics":
				p.metrics = line.URL
			case "serving":
				p.addr = line.Listen
				close(serving)
			}
		}
		p.cmd.Wait()
	}()
	select {
	case <-serving:
	case <-p.done:
		t.Fatalf("the program has ended:\n%s", p.log())
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("the log of %s:\n%s", p.addr, p.log())
		}
	})
	return p
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (p *program) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs.String()
}

// out returns what has been printed; the lines for a new user come another way than the log.
func (p *program) out() string {
	require.Eventually(p.t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return bytes.Contains(p.stdout.Bytes(), []byte("locksverify true\n"))
	}, waitFor, tick)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String()
}

// term asks the program to stop.
func (p *program) term() { require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM)) }

// kill ends it as a crash does.
func (p *program) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

func (p *program) wait() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(waitFor):
		p.t.Fatal("the program does not end")
	}
}

// command runs the program to its end, with what it is to read.
func command(t testing.TB, env []string, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), programEnv+"=1"), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, stderr.String())
	}
	return string(out), err
}

// local are the flags of a server on free ports.
func local(dir string, args ...string) []string {
	return append([]string{"--dir", dir, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--drain-grace", "1s"}, args...)
}

// A cluster is what replicas share: PostgreSQL, S3, keys.
type cluster struct {
	env  []string // of AWS
	args []string
	dsn  string
	dir  string
}

func newCluster(t testing.TB, pg *pgtest.Server) *cluster {
	t.Helper()
	srv, err := s3server.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { srv.Close() })
	bucket, err := srv.Bucket(t.Context())
	require.NoError(t, err)
	creds, err := srv.Config().Credentials.Retrieve(context.Background())
	require.NoError(t, err)
	c := &cluster{dsn: pg.Database(t), dir: t.TempDir()}
	c.env = []string{"AWS_ACCESS_KEY_ID=" + creds.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + creds.SecretAccessKey, "AWS_REGION=us-east-1"}
	c.args = []string{"--database", c.dsn, "--s3-endpoint", srv.Endpoint(), "--s3-bucket", bucket, "--s3-path-style"}
	_, err = command(t, c.env, "ann\n", append([]string{"--dir", c.dir, "user", "ann"}, c.args...)...)
	require.NoError(t, err)
	_, err = command(t, c.env, "bob\n", append([]string{"--dir", c.dir, "user", "bob"}, c.args...)...)
	require.NoError(t, err)
	for _, user := range []string{"ann", "bob"} {
		_, err = command(t, c.env, "", append([]string{"--dir", c.dir, "grant", user, "acme/*", "write"}, c.args...)...)
		require.NoError(t, err)
	}
	return c
}

// replica starts one.
func (c *cluster) replica(t testing.TB, args ...string) *program {
	t.Helper()
	return run(t, c.env, local(c.dir, append(c.args, args...)...)...)
}

// A client is a git-lfs of some version.
type client struct{ name, path string }

// clients returns Debian's git-lfs, and the newest, which “make gitlfs” builds.
func clients(t testing.TB) []client {
	t.Helper()
	list := []client{{"debian", filepath.Dir(need(t, "git-lfs"))}}
	newest := os.Getenv("S3POOL_GITLFS")
	switch {
	case newest != "":
		dir := t.TempDir()
		require.NoError(t, os.Symlink(newest, filepath.Join(dir, "git-lfs")))
		list = append(list, client{"newest", dir})
	case os.Getenv("CI") != "":
		t.Fatal("S3POOL_GITLFS is not set: make gitlfs")
	default:
		t.Log("without the newest git-lfs: “make gitlfs” builds one; or set S3POOL_GITLFS to its path")
	}
	return list
}

// A repo is a working tree with a remote.
type repo struct {
	t   testing.TB
	dir string
	env []string
}

// git prepares an environment without the machine's configuration.
func (c client) env(t testing.TB) []string {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(`[user]
	name = test
	email = test@example.com
[init]
	defaultBranch = main
[filter "lfs"]
	clean = git-lfs clean -- %f
	smudge = git-lfs smudge -- %f
	process = git-lfs filter-process
	required = true
[protocol "file"]
	allow = always
`), 0o600))
	return append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"PATH="+c.path+":"+os.Getenv("PATH"))
}

// newRepo makes a working tree whose LFS server is at url, with an empty remote beside it.
func (c client) newRepo(t testing.TB, url string) *repo {
	t.Helper()
	base := t.TempDir()
	r := &repo{t, filepath.Join(base, "work"), c.env(t)}
	require.NoError(t, os.Mkdir(r.dir, 0o700))
	r.git("init", "-q")
	r.git("init", "-q", "--bare", "../remote.git")
	r.git("remote", "add", "origin", "../remote.git")
	r.git("lfs", "install", "--local")
	r.git("config", "lfs.url", url)
	r.git("config", "lfs.locksverify", "true")
	r.write(".gitattributes", []byte("*.bin filter=lfs diff=lfs merge=lfs -text\n"))
	return r
}

// clone makes another working tree of the remote, with all objects, and checks them.
func (r *repo) clone() *repo {
	r.t.Helper()
	to := &repo{r.t, filepath.Join(r.t.TempDir(), "clone"), r.env}
	out, err := r.run("-c", "lfs.url="+strings.TrimSpace(r.git("config", "lfs.url")), "clone", "-q", filepath.Join(r.dir, "../remote.git"), to.dir)
	require.NoError(r.t, err, "%s", out)
	to.git("config", "lfs.url", strings.TrimSpace(r.git("config", "lfs.url")))
	to.git("lfs", "fsck")
	return to
}

func (r *repo) run(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	out, err := r.run(args...)
	require.NoError(r.t, err, "git %s\n%s", args, out)
	return out
}

func (r *repo) write(name string, data []byte) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(r.t, os.WriteFile(path, data, 0o600))
}

func (r *repo) read(name string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	require.NoError(r.t, err)
	return data
}

func (r *repo) commit() {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "x")
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
