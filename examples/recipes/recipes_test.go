package recipes

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

func TestProxy(t *testing.T) {
	store := s3test.New()
	store.Put("bucket", "small", make([]byte, 1000))
	store.Put("bucket", "large", make([]byte, 1001))
	var log bytes.Buffer
	web := httptest.NewServer(Proxy(transfer.New(store.Client()), "bucket", 1000, slog.New(slog.NewTextHandler(&log, nil))))
	defer web.Close()
	for path, want := range map[string]struct {
		status int
		log    string
	}{
		"/small": {http.StatusOK, "path=/small status=200 bytes=1000"},
		"/large": {http.StatusRequestEntityTooLarge, "path=/large status=413"},
		"/none":  {http.StatusNotFound, "path=/none status=404"},
	} {
		resp, err := web.Client().Get(web.URL + path)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want.status, resp.StatusCode)
	}
	web.Close() // when all have been logged
	require.Contains(t, log.String(), "path=/small status=200 bytes=1000")
	require.Contains(t, log.String(), "path=/large status=413")
	require.Contains(t, log.String(), "path=/none status=404")
}

// content is the stream that is backed up.
func content() []byte {
	b := make([]byte, 10*pieceSize+7)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

const (
	pieceSize = 64 << 10
	backupEnv = "RECIPES_BACKUP" // the URL of the store, in the process that is killed
)

func TestMain(m *testing.M) {
	if url := os.Getenv(backupEnv); url != "" {
		c := transfer.New(s3test.NewClient(url, http.DefaultClient))
		_, _, _ = Backup(context.Background(), c, "bucket", "nightly", bytes.NewReader(content()), pieceSize) // it is killed
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestBackupSurvivesKill kills a backup, kill -9, when the store has some of its pieces and
// another is on its way.
func TestBackupSurvivesKill(t *testing.T) {
	store := s3test.NewServer()
	defer store.Close()
	store.CreateBucket("bucket", false)
	reached := make(chan struct{})
	proxy := s3test.NewProxy(store.URL, s3test.Rules(s3test.Rule{
		Operation: "PutObject", Skip: 4, Times: 1, Fault: s3test.Join(s3test.Before(func(*http.Request) { close(reached) }), s3test.Hang()),
	}))
	defer proxy.Close()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), backupEnv+"="+proxy.URL)
	require.NoError(t, cmd.Start())
	<-reached
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	c := transfer.New(store.Client())
	var restored bytes.Buffer
	require.ErrorIs(t, Restore(t.Context(), c, "bucket", "nightly", &restored), ErrNoBackup)

	sent, there, err := Backup(t.Context(), c, "bucket", "nightly", bytes.NewReader(content()), pieceSize)
	require.NoError(t, err)
	require.Equal(t, 4, there, "pieces that the killed one had sent")
	require.Equal(t, 7, sent)
	require.NoError(t, Restore(t.Context(), c, "bucket", "nightly", &restored))
	require.True(t, bytes.Equal(content(), restored.Bytes()))

	store.Put("bucket", "nightly/00000003", []byte(strings.Repeat("x", pieceSize)))
	require.ErrorContains(t, Restore(t.Context(), c, "bucket", "nightly", io.Discard), "not what was backed up")
}
