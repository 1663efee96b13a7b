package s3server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

// own starts a server, says where, and waits to be killed.
func own() {
	srv, err := s3server.Start(context.Background(), func(o *s3server.Options) { o.MinIO = os.Getenv(ownMinIOEnv) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.TrimPrefix(srv.Endpoint(), "http://"))
	io.Copy(io.Discard, os.Stdin)
}

// ownMinIOEnv names a minio program for own.
const ownMinIOEnv = "S3SERVER_TEST_MINIO"

func TestParentDies(t *testing.T) {
	t.Run("versitygw", func(t *testing.T) { testParentDies(t, "") })
	if minio, ok := s3servertest.MinIO(t); ok {
		var o s3server.Options
		minio(&o)
		t.Run("MinIO", func(t *testing.T) { testParentDies(t, o.MinIO) })
	}
}

func testParentDies(t *testing.T, minio string) {
	dir := t.TempDir()
	owner := exec.Command(os.Args[0])
	// For os.TempDir, on any system.
	owner.Env = append(os.Environ(), roleEnv+"="+roleOwner, "TMPDIR="+dir, "TMP="+dir, "TEMP="+dir, ownMinIOEnv+"="+minio)
	owner.Stderr = os.Stderr
	stdin, err := owner.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)

	// The connection breaks when the server's process ends.
	conn, err := net.Dial("tcp", strings.TrimSpace(addr))
	require.NoError(t, err)
	defer conn.Close()

	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err, "the server talks to us")
	require.Eventually(t, func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		return err == nil && len(left) == 0
	}, 10*time.Second, time.Millisecond, "left in the temporary directory")
}
