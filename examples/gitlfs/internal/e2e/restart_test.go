package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
)

// haproxy balances over replicas as deploy/haproxy.cfg does, on ports that are free.
func haproxy(t testing.TB, addrs ...string) string {
	t.Helper()
	path := need(t, "haproxy")
	addr := freeAddr(t)
	var cfg strings.Builder
	cfg.WriteString(`global
	tune.bufsize 131072
defaults
	mode http
	timeout connect 2s
	timeout client 5m
	timeout server 5m
	timeout queue 20s
	retries 5
	option redispatch 1
	retry-on conn-failure empty-response response-timeout 502 503
frontend lfs
	bind ` + addr + `
	http-request disable-l7-retry if METH_PUT
	default_backend replicas
backend replicas
	option httpchk GET /readyz
	default-server check inter 100ms fall 1 rise 1
`)
	for i, a := range addrs {
		fmt.Fprintf(&cfg, "\tserver s%d %s\n", i, a)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(cfg.String()), 0o600))
	cmd := exec.Command(path, "-db", "-f", file)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	awaitReady(t, addr)
	return addr
}

// awaitReady returns when a request through addr is answered.
func awaitReady(t testing.TB, addr string) {
	t.Helper()
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, waitFor, tick)
}

const (
	pushObjects = 240 // three batches
	objectSize  = 10 << 10
	// pushRate makes the push long enough to be in the middle of it, in bytes per second.
	pushRate = 500 << 10
)

// A push of three batches goes on while its replicas are stopped, killed, and robbed of their
// database. Nothing is lost, and nothing is there twice.
func TestPushThroughRestarts(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			pg := pgtest.New(t)
			cl := newCluster(t, pg)
			addrs := []string{freeAddr(t), freeAddr(t)}
			replicas := make([]*program, len(addrs))
			start := func(i int) { replicas[i] = cl.replica(t, "--listen", addrs[i]) }
			for i := range addrs {
				start(i)
			}
			lb := haproxy(t, addrs...)
			slow := throttle(t, func() string { return lb }, pushRate)
			restart := func(i int, end func()) {
				end()
				start(i)
				awaitReady(t, addrs[i])
			}
			for n, disturb := range []func(){
				func() { // each is stopped in turn
					for i := range replicas {
						restart(i, func() { replicas[i].term(); replicas[i].wait() })
					}
				},
				func() { restart(0, replicas[0].kill) },
				func() { pg.Stop(t); pg.Start(t) },
			} {
				t.Run([]string{"SIGTERM", "SIGKILL", "PostgreSQL"}[n], func(t *testing.T) {
					url := fmt.Sprintf("http://ann:ann@%s/acme/r%d/info/lfs", slow, n)
					want := fmt.Sprintf(`content/{oid}","repository":"acme/r%d"`, n)
					pushWhile(t, c, url, func() int {
						n := 0
						for _, p := range replicas {
							n += strings.Count(p.log(), want)
						}
						return n
					}, disturb)
				})
			}
		})
	}
}

// pushWhile pushes, and when some objects have arrived does something to the server.
func pushWhile(t *testing.T, c client, url string, arrived func() int, disturb func()) {
	t.Helper()
	r := c.newRepo(t, url)
	for i := range pushObjects {
		r.write(fmt.Sprintf("%d.bin", i), random(uint64(i)+uint64(len(url))<<10, objectSize))
	}
	r.commit()
	pushed := make(chan error, 1)
	go func() {
		out, err := r.run("push", "origin", "HEAD:main")
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		pushed <- err
	}()
	require.Eventually(t, func() bool { return arrived() >= pushObjects/10 }, waitFor, tick)
	disturb()
	require.NoError(t, <-pushed)
	r.clone()
}

// The same with one replica, no proxy, and a listener that is away for a moment fails: that is
// why the server drains. (http.Server.Shutdown closes the listener first.)
func TestPlainRestartFails(t *testing.T) {
	c := clients(t)[0]
	cl := newCluster(t, pgtest.Shared(t))
	addr := freeAddr(t)
	p := cl.replica(t, "--listen", addr, "--drain-max", "1ms")
	slow := throttle(t, func() string { return addr }, pushRate)
	r := c.newRepo(t, "http://ann:ann@"+slow+"/acme/a/info/lfs")
	for i := range pushObjects {
		r.write(fmt.Sprintf("%d.bin", i), random(uint64(i), objectSize))
	}
	r.commit()
	pushed := make(chan error, 1)
	go func() {
		_, err := r.run("push", "origin", "HEAD:main")
		pushed <- err
	}()
	for done := false; !done; {
		p.term()
		p.wait()
		select {
		case err := <-pushed:
			require.Error(t, err, "it was lucky")
			done = true
		default:
			p = cl.replica(t, "--listen", addr, "--drain-max", "1ms")
		}
	}
}
