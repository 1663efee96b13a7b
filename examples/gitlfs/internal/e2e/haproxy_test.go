package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// haproxy balances over two replicas by deploy/haproxy.cfg, on ports that are free. It returns
// its address, and its log.
func haproxy(t testing.TB, a, b string) (addr string, log func() string) {
	t.Helper()
	path := need(t, "haproxy")
	cfg, err := os.ReadFile("../../deploy/haproxy.cfg")
	require.NoError(t, err)
	addr = freeAddr(t)
	for from, to := range map[string]string{"bind :8080\n": "bind " + addr + "\n", "gitlfs-a:8080": a, "gitlfs-b:8080": b} {
		require.Contains(t, string(cfg), from)
		cfg = []byte(strings.ReplaceAll(string(cfg), from, to))
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, cfg, 0o600))
	cmd := exec.Command(path, "-db", "-f", file)
	var mu sync.Mutex
	var lines bytes.Buffer
	log = func() string {
		mu.Lock()
		defer mu.Unlock()
		return lines.String()
	}
	cmd.Stderr = &lockedWriter{&mu, &lines}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("HAProxy:\n%s", log())
		}
	})
	awaitReady(t, addr)
	return addr, log
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
