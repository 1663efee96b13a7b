package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// gc and fsck beside a server that runs would start another embedded S3 over the same
// directory, which is allowed: both are programs over the same files.
func TestUpkeep(t *testing.T) {
	c := clients(t)[0]
	dir := t.TempDir()
	p := run(t, nil, local(dir)...)
	user := userOf(t, p)
	push := func(name string, files map[string]string) *repo {
		r := c.newRepo(t, "http://"+user+"@"+p.addr+"/acme/"+name+"/info/lfs")
		for f, text := range files {
			r.write(f, []byte(text))
		}
		r.commit()
		r.git("push", "-q", "origin", "HEAD:main")
		return r
	}
	push("one", map[string]string{"both.bin": "both", "one.bin": "one alone"})
	two := push("two", map[string]string{"both.bin": "both"})
	upkeep := func(args ...string) (string, error) {
		return command(t, nil, "", append([]string{"--dir", dir}, args...)...)
	}
	out, err := upkeep("gc", "--grace", "0s", "--dry-run")
	require.NoError(t, err)
	require.Equal(t, "0 objects, 0 copies\n", out)
	out, err = upkeep("gc", "--grace", "0s", "--delete", "acme/one")
	require.NoError(t, err)
	require.Contains(t, out, "1 objects, 0 copies\n")
	require.Equal(t, "both", string(two.clone().read("both.bin")))

	// A file that rots on the disk.
	out, err = upkeep("fsck")
	require.NoError(t, err)
	require.Equal(t, "1 objects, 0 wrong\n", out)
	files := glob(t, dir, "s3/data/lfs/objects/*/*/*/*")
	require.Len(t, files, 1)
	require.NoError(t, os.WriteFile(files[0], []byte("BOTH"), 0o600))
	out, err = upkeep("fsck")
	require.Error(t, err)
	require.Equal(t, "1 objects, 1 wrong\n", out)
	push("two", map[string]string{"both.bin": "both"})
	out, err = upkeep("fsck")
	require.NoError(t, err, out)
	require.Equal(t, "both", string(two.clone().read("both.bin")))
	out, err = upkeep("gc", "--grace", "0s")
	require.NoError(t, err)
	require.Contains(t, out, "0 objects, 1 copies\n", "the copy that has been replaced")
}

func userOf(t testing.TB, p *program) string {
	t.Helper()
	_, rest, ok := strings.Cut(p.out(), "http://")
	require.True(t, ok)
	user, _, ok := strings.Cut(rest, "@")
	require.True(t, ok)
	return user
}
