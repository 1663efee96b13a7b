package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
)

// Locks: one's own, somebody else's, which stops a push, and by force.
func TestLocking(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, dsn string) {
				t.Parallel()
				p := newCluster(t, dsn).replica()
				ann := c.newRepo(t, lfsURL("ann", p.addr, "acme/a"))
				ann.write("a.bin", []byte("1"))
				ann.commit()
				ann.git("push", "-q", "origin", "HEAD:main")
				ann.git("lfs", "lock", "a.bin")
				ann.write("a.bin", []byte("2"))
				ann.commit()
				ann.git("push", "-q", "origin", "HEAD:main")

				bob := ann.clone()
				bob.git("config", "lfs.url", lfsURL("bob", p.addr, "acme/a"))
				bob.git("config", "lfs.locksverify", "true")
				require.Contains(t, bob.git("lfs", "locks"), "ann")
				_, err := bob.run("lfs", "lock", "a.bin")
				require.Error(t, err)
				_, err = bob.run("lfs", "unlock", "a.bin")
				require.Error(t, err, "a foreign lock needs force")
				// git-lfs has made it read-only, since somebody has locked it.
				require.NoError(t, os.Chmod(filepath.Join(bob.dir, "a.bin"), 0o600))
				bob.write("a.bin", []byte("3"))
				bob.git("lfs", "install", "--local")
				bob.commit()
				out, err := bob.run("push", "origin", "HEAD:main")
				require.Error(t, err, "a foreign lock must stop the push")
				require.Contains(t, out, "locked")
				bob.git("lfs", "unlock", "--force", "a.bin")
				bob.git("push", "-q", "origin", "HEAD:main")
				require.Equal(t, "3", string(ann.clone().read("a.bin")))
			})
		})
	}
}

// A client that lists several pages of locks, while others lock and release, shows every lock
// that stays exactly once.
func TestLockPages(t *testing.T) {
	const stay = 230 // three pages
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, dsn string) {
				t.Parallel()
				p := newCluster(t, dsn).replica()
				d := newDirect(t, p, "ann:ann", "acme/a")
				lock := func(path string) (id string, err error) {
					var l lfs.LockResponse
					err = d.post("/locks", lfs.LockRequest{Path: path}, &l)
					return l.Lock.ID, err
				}
				for i := range stay {
					_, err := lock(fmt.Sprintf("stays/%d", i))
					require.NoError(t, err)
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				var churn errgroup.Group
				for w := range 2 {
					churn.Go(func() error {
						for i := 0; ctx.Err() == nil; i++ {
							id, err := lock(fmt.Sprintf("churn/%d/%d", w, i))
							if err == nil {
								err = d.post("/locks/"+id+"/unlock", lfs.UnlockRequest{}, nil)
							}
							if err != nil {
								return err
							}
						}
						return nil
					})
				}
				r := c.newRepo(t, lfsURL("ann", p.addr, "acme/a"))
				for range 3 {
					var shown []struct{ Path string }
					require.NoError(t, json.Unmarshal([]byte(r.git("lfs", "locks", "--json")), &shown))
					seen := map[string]int{}
					for _, l := range shown {
						if strings.HasPrefix(l.Path, "stays/") {
							seen[l.Path]++
						}
					}
					require.Len(t, seen, stay)
					for path, n := range seen {
						require.Equal(t, 1, n, path)
					}
				}
				stop()
				require.NoError(t, churn.Wait())
			})
		})
	}
}
