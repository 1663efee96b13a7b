package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/dashboard"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
)

// A real Prometheus that has scraped the server under load has data for every expression of
// the dashboard and for every metric that an alert is about.
func TestPrometheus(t *testing.T) {
	prometheus := need(t, "prometheus")
	p := newCluster(t, pgtest.Shared(t)).replica(t)
	dir, addr := t.TempDir(), freeAddr(t)
	scrape, err := url.Parse(p.metrics)
	require.NoError(t, err)
	file := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
global: {scrape_interval: 500ms}
scrape_configs: [{job_name: gitlfs, static_configs: [{targets: ["%s"]}]}]
`, scrape.Host), 0o600))
	cmd := exec.Command(prometheus, "--config.file", file, "--storage.tsdb.path", filepath.Join(dir, "data"),
		"--web.listen-address", addr, "--log.level", "error")
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })

	c := clients(t)[0]
	load := func(n int) {
		r := c.newRepo(t, fmt.Sprintf("http://ann:ann@%s/acme/r%d/info/lfs", p.addr, n))
		r.write("a.bin", random(uint64(n), 1<<20))
		r.commit()
		r.git("push", "-q", "origin", "HEAD:main")
		r.clone()
	}
	load(0)
	var exprs []string
	for _, row := range dashboard.Rows() {
		for _, panel := range row.Panels {
			for _, e := range panel.Exprs {
				exprs = append(exprs, strings.ReplaceAll(e[0], "$__rate_interval", "1m"))
			}
		}
	}
	alerts, err := os.ReadFile("../../deploy/alerts.yml")
	require.NoError(t, err)
	exprs = append(exprs, regexp.MustCompile(`\b(gitlfs|s3pool)_[a-z0-9_]+|up\{job="gitlfs"\}`).FindAllString(string(alerts), -1)...)
	require.Greater(t, len(exprs), 30)
	n := 0
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		n++
		load(n)
		for _, e := range exprs {
			found, err := query(addr, e)
			require.NoError(collect, err, e)
			require.NotEmpty(collect, found, "no data: %s", e)
			require.NotContains(collect, found, "NaN", "no number: %s", e)
		}
	}, waitFor, tick)
}

// query returns the values of an expression.
func query(addr, expr string) ([]string, error) {
	resp, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var out struct {
		Status, Error string
		Data          struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, err
	}
	if out.Status != "success" {
		return nil, fmt.Errorf("%s", out.Error)
	}
	var values []string
	for _, r := range out.Data.Result {
		values = append(values, fmt.Sprint(r.Value[1]))
	}
	return values, nil
}
