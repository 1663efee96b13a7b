package server_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
)

const (
	// waitFor bounds a wait for another process, for a test that would otherwise hang.
	waitFor = 30 * time.Second
	tick    = 5 * time.Millisecond
)

// foreignKeys returns a file of keys that the server does not have.
func foreignKeys(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, auth.MakeKeys(path))
	return path
}
