package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
)

// Presigned uploads: the bytes go to S3, and verify makes them the repository's.
func TestPresigned(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			cl := newCluster(t, pgtest.Shared(t).Database(t))
			p := cl.replica("--presign-above", "100000")
			r := c.newRepo(t, lfsURL("ann", p.addr, "acme/a"))
			r.write("small.bin", []byte("small"))
			r.write("large.bin", random(7, 3<<20))
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			require.Equal(t, random(7, 3<<20), r.clone().read("large.bin"))
			require.Equal(t, 1, strings.Count(p.log(), `"method":"PUT"`), "the large one went through the server")
			cl.requireOnce("acme/a", 2, 0)
		})
	}
}

// 64 uploads of one client at once, and then one object from 12 clients at once.
func TestManyAtOnce(t *testing.T) {
	const uploads, pushers = 64, 12
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, dsn string) {
				cl := newCluster(t, dsn)
				p := cl.replica()
				r := c.newRepo(t, lfsURL("ann", p.addr, "acme/many"))
				r.git("config", "lfs.concurrenttransfers", fmt.Sprint(uploads))
				for i := range uploads {
					r.write(fmt.Sprintf("%d.bin", i), random(uint64(i), 100_000))
				}
				r.commit()
				r.git("push", "-q", "origin", "HEAD:main")
				r.clone()
				cl.requireOnce("acme/many", uploads, 0)

				var g errgroup.Group
				for i := range pushers {
					r := c.newRepo(t, lfsURL("ann", p.addr, fmt.Sprintf("acme/one%d", i%2)))
					r.write("one.bin", random(1000, 2<<20))
					r.commit()
					g.Go(func() error {
						out, err := r.run("push", "-q", "origin", "HEAD:main")
						if err != nil {
							err = fmt.Errorf("%w\n%s", err, out)
						}
						return err
					})
				}
				require.NoError(t, g.Wait())
				cl.requireOnce("acme/one0", 1, 0)
				cl.requireOnce("acme/one1", 1, 0)
			})
		})
	}
}

// A download that is cut off goes on where it was.
func TestResume(t *testing.T) {
	const size = 8 << 20
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			p := newCluster(t, pgtest.Shared(t).Database(t)).replica()
			r := c.newRepo(t, lfsURL("ann", p.addr, "acme/a"))
			r.write("a.bin", random(8, size))
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			r.git("config", "lfs.url", lfsURL("ann", cutting(t, p.addr, size/2), "acme/a"))
			require.Equal(t, random(8, size), r.clone().read("a.bin"))
			require.Contains(t, p.log(), `"status":206`, "it has begun again")
		})
	}
}
