package s3server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server"
)

// own starts a server, says where, and waits to be killed.
func own() {
	srv, err := s3server.Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.TrimPrefix(srv.Endpoint(), "http://"))
	io.Copy(io.Discard, os.Stdin)
}

func TestParentDies(t *testing.T) {
	dir := t.TempDir()
	owner := exec.Command(os.Args[0])
	// For os.TempDir, on any system.
	owner.Env = append(os.Environ(), roleEnv+"="+roleOwner, "TMPDIR="+dir, "TMP="+dir, "TEMP="+dir)
	owner.Stderr = os.Stderr
	stdin, err := owner.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)

	// The connection breaks when the gateway's process ends, the last thing
	// that it does.
	conn, err := net.Dial("tcp", strings.TrimSpace(addr))
	require.NoError(t, err)
	defer conn.Close()

	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err, "the gateway talks to us")
	requireEmpty(t, dir)
}
