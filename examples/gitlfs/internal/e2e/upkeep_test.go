package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
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
	out, err := upkeep("gc", "--grace", "0s", "--copy-grace", "0s", "--dry-run")
	require.NoError(t, err)
	require.Equal(t, "0 objects, 0 copies\n", out)
	out, err = upkeep("gc", "--grace", "0s", "--copy-grace", "0s", "--delete", "acme/one")
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
	out, err = upkeep("gc", "--grace", "0s", "--copy-grace", "0s")
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

// A thousand uploads while gc runs again and again, half of them of content that it is about to
// delete: whatever was acknowledged is there.
func TestUploadsRaceGC(t *testing.T) {
	const objects = 1000
	dir := t.TempDir()
	p := run(t, nil, local(dir)...)
	user := userOf(t, p)
	var list []lfs.Object
	for i := range objects {
		sum := sha256.Sum256(fmt.Appendf(nil, "object %d", i))
		list = append(list, lfs.Object{OID: hex.EncodeToString(sum[:]), Size: int64(len(fmt.Sprintf("object %d", i)))})
	}
	upload := func(d direct, list []lfs.Object, from int) {
		var g errgroup.Group
		g.SetLimit(8)
		for i, r := range d.batch(lfs.Upload, list...) {
			a, offered := r.Actions["upload"]
			if !offered {
				continue
			}
			g.Go(func() error {
				for range 10 {
					status, err := d.put(a, strings.NewReader(fmt.Sprintf("object %d", from+i)), r.Size)
					if err != nil || status == http.StatusOK {
						return err
					}
					if status != http.StatusTooManyRequests {
						return fmt.Errorf("%d", status)
					}
				}
				return errors.New("too many tries")
			})
		}
		require.NoError(t, g.Wait())
	}
	gc := func(args ...string) string {
		out, err := command(t, nil, "", append([]string{"--dir", dir, "gc", "--grace", "0s"}, args...)...)
		require.NoError(t, err)
		return out
	}
	upload(newDirect(t, p, user, "acme/old"), list[:objects/2], 0)
	gc("--delete", "acme/old", "--grace", "1h")
	d := newDirect(t, p, user, "acme/new")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for from := 0; from < objects; from += 100 {
			upload(d, list[from:from+100], from)
		}
	}()
	deleted := 0
	for running := true; running; {
		deleted += strings.Count(gc(), "object ")
		select {
		case <-done:
			running = false
		default:
		}
	}
	t.Logf("gc has deleted %d objects meanwhile", deleted)
	for i, r := range d.batch(lfs.Download, list...) {
		require.Nil(t, r.Error, "object %d is missing", i)
		status, err := d.get(r.Actions["download"], r.Size)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "object %d", i)
	}
}
