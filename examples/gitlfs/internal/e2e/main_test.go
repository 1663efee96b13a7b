package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/cli"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/internal/s3server"
)

// programEnv makes this test binary the program.
const programEnv = "GITLFS_E2E_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		cli.Main()
		os.Exit(0)
	}
	s3server.Main()
	code := m.Run()
	pgtest.Close()
	os.Exit(code)
}

// waitFor bounds a wait for another process, for a test that would otherwise hang.
const (
	waitFor = 60 * time.Second
	tick    = 20 * time.Millisecond
)

// need fails, or outside of CI skips, a test whose tool is not there.
func need(t testing.TB, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no %s: apt-get install it", tool)
	}
	t.Skipf("no %s: apt-get install it", tool)
	return ""
}

// A program is a gitlfs that runs.
type program struct {
	t       testing.TB
	cmd     *exec.Cmd
	addr    string
	metrics string
	done    chan struct{}

	mu     sync.Mutex
	stdout bytes.Buffer
	logs   bytes.Buffer
}

// run starts the program and waits until it serves.
func run(t testing.TB, env []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(os.Args[0], args...), done: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), programEnv+"=1"), env...)
	p.cmd.Stdout = &lockedWriter{&p.mu, &p.stdout}
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	serving := make(chan struct{})
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct{ Msg, Listen, URL string }
			json.Unmarshal(lines.Bytes(), &line)
			p.mu.Lock()
			p.logs.Write(lines.Bytes())
			p.logs.WriteByte('\n')
			p.mu.Unlock()
			switch line.Msg {
			case "metrics":
				p.metrics = line.URL
			case "serving":
				p.addr = line.Listen
				close(serving)
			}
		}
		p.cmd.Wait()
	}()
	select {
	case <-serving:
	case <-p.done:
		t.Fatalf("the program has ended:\n%s", p.log())
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("the log of %s:\n%s", p.addr, p.log())
		}
	})
	return p
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (p *program) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs.String()
}

// out returns what has been printed; the lines for a new user come another way than the log.
func (p *program) out() string {
	require.Eventually(p.t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return bytes.Contains(p.stdout.Bytes(), []byte("locksverify true\n"))
	}, waitFor, tick)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String()
}

// term asks the program to stop.
func (p *program) term() { require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM)) }

// kill ends it as a crash does.
func (p *program) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

func (p *program) wait() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(waitFor):
		p.t.Fatal("the program does not end")
	}
}

// command runs the program to its end, with what it is to read.
func command(t testing.TB, env []string, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), programEnv+"=1"), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, stderr.String())
	}
	return string(out), err
}

// local are the flags of a server on free ports.
func local(dir string, args ...string) []string {
	return append([]string{"--dir", dir, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--drain-grace", "1s"}, args...)
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
