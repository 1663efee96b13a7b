package dashboard_test

import (
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/dashboard"
)

const path = "../../deploy/dashboard.json"

var update = flag.Bool("update", false, "write "+path)

func TestCurrent(t *testing.T) {
	want, err := dashboard.JSON()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(path, want, 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go test ./internal/dashboard -update")
}

// Prometheus's own tool reads the rules and runs their tests.
func TestAlerts(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no promtool: apt-get install prometheus")
		}
		t.Skip("no promtool: apt-get install prometheus")
	}
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = "../../deploy"
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
