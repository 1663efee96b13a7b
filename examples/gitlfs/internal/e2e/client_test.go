package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
