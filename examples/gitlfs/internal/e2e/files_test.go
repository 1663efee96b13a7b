package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// chmod makes a file writable that git-lfs has made read-only, since somebody has locked it.
func chmod(r *repo, name string) error { return os.Chmod(filepath.Join(r.dir, name), 0o600) }

func chmodX(path string) error { return os.Chmod(path, 0o700) }

// testBinary returns the path of this program.
func testBinary(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	return exe
}
