// The race detector takes memory of its own, and only Linux has /proc.

//go:build linux && !race

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
)

// testMemory uploads 8 objects at once, and then while 8 more are uploaded lets 64 clients
// fetch them.
func testMemory(t *testing.T, p *program, size int64) {
	t.Helper()
	const uploads, downloads = 8, 64
	var objects []lfs.Object
	for i := range 2 * uploads {
		h := sha256.New()
		io.Copy(h, repeated(uint64(i), size))
		objects = append(objects, lfs.Object{OID: hex.EncodeToString(h.Sum(nil)), Size: size})
	}
	d := newDirect(t, p, userOf(t, p), "acme/a")
	ok := func(status int, err error) error {
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d", status)
		}
		return err
	}
	var g errgroup.Group
	upload := func(from int) {
		for i, o := range d.batch(lfs.Upload, objects[from:from+uploads]...) {
			g.Go(func() error { return ok(d.put(o.Actions["upload"], repeated(uint64(from+i), size), size)) })
		}
	}
	upload(0)
	require.NoError(t, g.Wait())
	upload(uploads)
	offers := d.batch(lfs.Download, objects[:uploads]...)
	for i := range downloads {
		g.Go(func() error { return ok(d.get(offers[i%uploads].Actions["download"], size)) })
	}
	require.NoError(t, g.Wait())
}

// Memory stays within the budget and what the program needs beside it, with 8 uploads and 64
// downloads at once. GITLFS_E2E_MEMORY_MIB is the size of the objects; 256 MiB if unset.
func TestMemory(t *testing.T) {
	size := mebibytes(t, "GITLFS_E2E_MEMORY_MIB", 256)
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
