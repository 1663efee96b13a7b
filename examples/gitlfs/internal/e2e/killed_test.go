package e2e

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// A push that the server's death interrupts succeeds when it is repeated; what the first one
// left is removed, and no row tells of it.
func TestKilled(t *testing.T) {
	c := clients(t)[0]
	dir := t.TempDir()
	addr := freeAddr(t)
	flags := []string{"--dir", dir, "--listen", addr, "--metrics-listen", "", "--janitor-every", "200ms", "--stale-after", "3s"}
	p := run(t, nil, flags...)
	slow := throttle(t, func() string { return addr }, 8<<20)
	r := c.newRepo(t, "http://"+userOf(t, p)+"@"+slow+"/acme/a/info/lfs")
	r.git("config", "lfs.transfer.maxretries", "1")
	data := random(2, 48<<20)
	r.write("large.bin", data)
	r.commit()
	pushed := make(chan error, 1)
	go func() {
		_, err := r.run("push", "-q", "origin", "HEAD:main")
		pushed <- err
	}()
	parts := func() []string { return glob(t, dir, "s3/data/lfs/.sgwtmp/multipart/*/*") }
	require.Eventually(t, func() bool { return len(parts()) > 0 }, waitFor, tick, "no multipart upload")
	p.kill()
	require.Error(t, <-pushed)
	p = run(t, nil, flags...)
	require.Empty(t, rows(t, dir), "rows without content")
	require.Eventually(t, func() bool { return len(parts()) == 0 }, waitFor, tick, "the janitor has left an upload")
	r.git("config", "lfs.url", "http://"+userOf(t, p)+"@"+addr+"/acme/a/info/lfs")
	r.git("push", "-q", "origin", "HEAD:main")
	require.True(t, bytes.Equal(data, r.clone().read("large.bin")))
	require.Len(t, rows(t, dir), 1)
}

// rows are the objects of an embedded database.
func rows(t testing.TB, dir string) []store.Object {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "lfs.db"))
	require.NoError(t, err)
	defer s.Close()
	list, err := s.AllObjects(t.Context(), "", "", 1<<20)
	require.NoError(t, err)
	return list
}

func glob(t testing.TB, dir, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	return list
}
