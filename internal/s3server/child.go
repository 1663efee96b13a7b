package s3server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// stopGrace is how long a child may take to remove its directory and exit
// before it is killed.
const stopGrace = 10 * time.Second

// childConfig is what the child reads from its standard input. Credentials go
// this way since arguments and environment can be seen from outside.
type childConfig struct {
	Dir       string
	AccessKey string
	SecretKey string
	Region    string
	TLS       bool
	Sidecar   bool
	MinIO     string
}

// A child is the server's process as its parent sees it.
type child struct {
	dir    string
	cmd    *exec.Cmd
	stdin  io.Closer // open as long as the child shall live
	stderr *tail
}

// startChild re-executes the program and returns once the server listens,
// with its address. cfg.Dir remains the caller's until there is no error.
func startChild(ctx context.Context, cfg childConfig) (*child, string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	// Not CommandContext: ctx bounds the start, not the child's life.
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.WaitDelay = stopGrace
	c := &child{dir: cfg.Dir, cmd: cmd, stderr: &tail{max: 32 << 10}}
	cmd.Stderr = c.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	c.stdin = stdin
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}

	type answer struct {
		addr string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		if err := json.NewEncoder(stdin).Encode(cfg); err != nil {
			answers <- answer{err: fmt.Errorf("configure the child: %w", err)}
			return
		}
		addr, err := bufio.NewReader(stdout).ReadString('\n')
		answers <- answer{strings.TrimSpace(addr), err}
	}()

	select {
	case a := <-answers:
		if a.err == nil {
			return c, a.addr, nil
		}
		// The child died, or closed its output and is of no use.
		cmd.Process.Kill()
		return nil, "", c.died(a.err)
	case <-ctx.Done():
		c.end()
		<-answers
		return nil, "", context.Cause(ctx)
	}
}

// stop ends the child, waits for it, and removes its directory.
func (c *child) stop() error {
	err := c.end()
	if err != nil {
		err = fmt.Errorf("s3server: the server did not end well: %w%s", err, c.stderr)
	}
	return errors.Join(err, removeAll(c.dir))
}

// end lets the child end by itself and waits for it. Killed at once it could not
// end a process of its own.
func (c *child) end() error {
	c.stdin.Close()
	kill := time.AfterFunc(stopGrace, func() { c.cmd.Process.Kill() })
	defer kill.Stop()
	return c.cmd.Wait()
}

// died waits for a child that has not reported its address and says why.
func (c *child) died(cause error) error {
	if err := c.cmd.Wait(); err != nil {
		cause = err
	}
	return fmt.Errorf("the child process ended: %w%s", cause, c.stderr)
}
