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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/dashboard"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
)

// A real Prometheus that has scraped the server under load has data for every expression of
// the dashboard, and of the alerts, of which it is asked how the comparison comes out.
func TestPrometheus(t *testing.T) {
	p := newCluster(t, pgtest.Shared(t).Database(t)).replica()
	api := prometheus(t, p.metrics)
	c := clients(t)[0]
	load := func(n int) {
		r := c.newRepo(t, lfsURL("ann", p.addr, fmt.Sprintf("acme/r%d", n)))
		r.write("a.bin", random(uint64(n), 1<<20))
		r.commit()
		r.git("push", "-q", "origin", "HEAD:main")
		r.clone()
	}
	var exprs []string
	for _, row := range dashboard.Rows() {
		for _, panel := range row.Panels {
			for _, e := range panel.Exprs {
				exprs = append(exprs, strings.ReplaceAll(e[0], "$__rate_interval", "1m"))
			}
		}
	}
	require.Greater(t, len(exprs), 25)
	alerts := api.alerts(t)
	require.Greater(t, len(alerts), 5)
	comparison := regexp.MustCompile(` (==|!=|<=|>=|<|>) `)
	for _, e := range alerts {
		require.Len(t, comparison.FindAllString(e, -1), 1, "what does this alert compare? %s", e)
		exprs = append(exprs, comparison.ReplaceAllString(e, " $1 bool "))
	}
	end := time.Now().Add(2 * waitFor)
	for n := 0; len(exprs) > 0; n++ {
		load(n)
		var missing []string
		for _, e := range exprs {
			found, err := api.query(e)
			require.NoError(t, err, e)
			// A rate over what nobody has done for a while may be no number.
			found = slices.DeleteFunc(found, func(v string) bool { return v == "NaN" })
			if len(found) == 0 {
				missing = append(missing, e)
			}
		}
		exprs = missing
		require.True(t, len(exprs) == 0 || time.Now().Before(end), "no data:\n%s", strings.Join(exprs, "\n"))
	}
}

// A promAPI is the address of a Prometheus.
type promAPI string

// prometheus starts one that scrapes a server and has our rules.
func prometheus(t testing.TB, metrics string) promAPI {
	t.Helper()
	path := need(t, "prometheus")
	target, err := url.Parse(metrics)
	require.NoError(t, err)
	rules, err := filepath.Abs("../../deploy/alerts.yml")
	require.NoError(t, err)
	dir, addr := t.TempDir(), freeAddr(t)
	file := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: [%q]
scrape_configs: [{job_name: gitlfs, static_configs: [{targets: [%q]}]}]
`, rules, target.Host), 0o600))
	cmd := exec.Command(path, "--config.file", file, "--storage.tsdb.path", filepath.Join(dir, "data"),
		"--web.listen-address", addr, "--log.level", "error")
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + addr + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, waitFor, tick)
	return promAPI(addr)
}

// get asks for the data at a path.
func (a promAPI) get(path string, into any) error {
	resp, err := http.Get("http://" + string(a) + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: into}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return nil
}

// query returns the values of an expression.
func (a promAPI) query(expr string) (values []string, err error) {
	var data struct {
		Result []struct{ Value [2]any }
	}
	err = a.get("/api/v1/query?query="+url.QueryEscape(expr), &data)
	for _, r := range data.Result {
		values = append(values, fmt.Sprint(r.Value[1]))
	}
	return values, err
}

// alerts returns the expressions of the rules, when all have been evaluated without an error.
func (a promAPI) alerts(t testing.TB) (exprs []string) {
	t.Helper()
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		var data struct {
			Groups []struct {
				Rules []struct{ Query, Health, LastError string }
			}
		}
		require.NoError(collect, a.get("/api/v1/rules", &data))
		exprs = nil
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				require.Equal(collect, "ok", r.Health, "%s: %s", r.Query, r.LastError)
				exprs = append(exprs, r.Query)
			}
		}
	}, waitFor, 10*tick)
	return exprs
}
