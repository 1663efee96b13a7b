package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
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

// Memory stays within the budget and what the program needs beside it, with 8 uploads and 64
// downloads at once. GITLFS_MEMORY_TEST_MIB is the size of the objects; 64 MiB if unset.
func TestMemory(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil || !strings.Contains(string(status), "VmHWM") {
		t.Skip("no /proc: this is about Linux")
	}
	size := int64(64 << 20)
	if s := os.Getenv("GITLFS_MEMORY_TEST_MIB"); s != "" {
		_, err := fmt.Sscan(s, &size)
		require.NoError(t, err)
		size <<= 20
	}
	const budget = 128 << 20
	p := run(t, nil, local(t.TempDir(), "--memory", "128MiB")...)
	testMemory(t, p, size)
	peak := peakRSS(t, p)
	t.Logf("peak %d MiB, budget %d MiB, objects of %d MiB", peak>>20, budget>>20, size>>20)
	require.LessOrEqual(t, peak, int64(budget+96<<20))
}

func peakRSS(t testing.TB, p *program) int64 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), "status"))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	var kib int64
	_, err = fmt.Sscan(rest, &kib)
	require.NoError(t, err)
	return kib << 10
}

// discard reads a body and counts it.
func discard(resp *http.Response) (int64, error) {
	defer resp.Body.Close()
	return io.Copy(io.Discard, resp.Body)
}

// repeated is a body of n bytes: one piece again and again.
func repeated(seed uint64, n int64) io.Reader {
	piece := random(seed, 1<<20)
	var readers []io.Reader
	for ; n > 0; n -= int64(len(piece)) {
		readers = append(readers, bytes.NewReader(piece[:min(n, int64(len(piece)))]))
	}
	return io.MultiReader(readers...)
}
