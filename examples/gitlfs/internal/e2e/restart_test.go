package e2e

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
)

const (
	pushObjects = 240 // three batches
	objectSize  = 10 << 10
	// pushRate makes the push long enough to be in the middle of it, in bytes per second.
	pushRate = 500 << 10
	// atOnce is how many objects git-lfs uploads at a time.
	atOnce = 8
)

// A push of three batches goes on while its replicas are stopped, killed, and robbed of their
// database. Nothing is lost, and nothing is there twice.
func TestPushThroughRestarts(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			pg := pgtest.New(t)
			cl := newCluster(t, pg.Database(t))
			addrs := []string{freeAddr(t), freeAddr(t)}
			replicas := make([]*program, len(addrs))
			start := func(i int) { replicas[i] = cl.replica("--listen", addrs[i]) }
			for i := range addrs {
				start(i)
			}
			lb, _ := haproxy(t, addrs[0], addrs[1])
			restart := func(i int, end func()) {
				end()
				start(i)
				awaitReady(t, addrs[i])
			}
			for n, way := range []struct {
				name    string
				disturb func()
				spare   int
			}{
				{"SIGTERM", func() { // each in turn
					for i := range replicas {
						restart(i, func() { replicas[i].term(); replicas[i].wait() })
					}
				}, 0},
				{"SIGKILL", func() { restart(0, replicas[0].kill) }, atOnce},
				{"PostgreSQL", func() { pg.Stop(t); pg.Start(t) }, 0},
			} {
				t.Run(way.name, func(t *testing.T) {
					repo := fmt.Sprintf("acme/r%d", n)
					slow := throttle(t, func() string { return lb }, pushRate)
					r := pushRepo(t, c, lfsURL("ann", slow, repo), n)
					pushed := r.pushInBackground()
					want := `content/{oid}","repository":"` + repo + `"`
					require.Eventually(t, func() bool {
						n := 0
						for _, p := range replicas {
							n += strings.Count(p.log(), want)
						}
						return n >= pushObjects/10
					}, waitFor, tick)
					way.disturb()
					require.NoError(t, <-pushed)
					r.clone()
					cl.requireOnce(repo, pushObjects, way.spare)
				})
			}
		})
	}
}

// Where no replica is ready, since all of them drain, HAProxy asks those: its own 503 would be
// the end of a push.
func TestAllDrain(t *testing.T) {
	cl := newCluster(t, pgtest.Shared(t).Database(t))
	a, b := cl.replica("--drain-grace", "1h"), cl.replica("--drain-grace", "1h")
	lb, log := haproxy(t, a.addr, b.addr)
	a.term()
	b.term()
	require.Eventually(t, func() bool { return strings.Contains(log(), "Running on backup") }, waitFor, tick)
	d := direct{t, lfsURL("ann", lb, "acme/a")}
	offer := d.batch(lfs.Upload, lfs.Object{OID: fmt.Sprintf("%x", sha256.Sum256([]byte("x"))), Size: 1})
	status, err := d.put(offer[0].Actions["upload"], strings.NewReader("x"), 1)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
}

// pushRepo returns a repository with something to push. No two seeds have an object in common.
func pushRepo(t testing.TB, c client, url string, seed int) *repo {
	t.Helper()
	r := c.newRepo(t, url)
	for i := range pushObjects {
		r.write(fmt.Sprintf("%d.bin", i), random(uint64(seed*pushObjects+i), objectSize))
	}
	r.commit()
	return r
}

func (r *repo) pushInBackground() <-chan error {
	pushed := make(chan error, 1)
	go func() {
		out, err := r.run("push", "origin", "HEAD:main")
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		pushed <- err
	}()
	return pushed
}

// The same with one replica, no proxy, and no drain: http.Server.Shutdown closes the listener
// first, and a push fails that comes while it is away. That is why the server drains.
func TestPlainRestartFails(t *testing.T) {
	c := clients(t)[0]
	cl := newCluster(t, pgtest.Shared(t).Database(t))
	addr := freeAddr(t)
	plain := func() *program { return cl.replica("--listen", addr, "--drain-max", "1ns") }
	p := plain()
	slow := throttle(t, func() string { return addr }, pushRate)
	pushed := pushRepo(t, c, lfsURL("ann", slow, "acme/a"), 0).pushInBackground()
	for {
		p.term()
		p.wait()
		select {
		case err := <-pushed:
			require.Error(t, err, "it was lucky")
			t.Logf("the push has failed: %v", err)
			return
		default:
			p = plain()
		}
	}
}
