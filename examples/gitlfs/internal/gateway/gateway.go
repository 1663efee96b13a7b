// Package gateway runs versitygw over a directory that stays: the S3 of a server without
// configuration. The gateway changes its working directory and there can be one in a process,
// so it is this program again, as a child. It ends when its standard input does, which happens
// when its parent has ended, however that was.
package gateway

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
)

const (
	childEnv = "GITLFS_GATEWAY_CHILD"

	// Region is the gateway's.
	Region = "us-east-1"

	bindAttempts = 5
	maxRequests  = 1 << 12
	maxParts     = 10_000
	maxCopy      = 5 << 30 // bytes, as in S3
	stopGrace    = 10 * time.Second
)

// config goes to the child by its standard input: arguments and environment can be seen.
type config struct{ Dir, AccessKey, SecretKey string }

// A Gateway is a child that runs.
type Gateway struct {
	Endpoint             string
	AccessKey, SecretKey string

	stdin io.Closer
	done  chan struct{}
	err   error // valid when done is closed
}

// Main turns the process into a gateway, and never returns, if it is a child that Start has
// made. Programs call it first thing in main.
func Main() {
	if os.Getenv(childEnv) == "" {
		return
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Start starts a gateway over dir, which is made if need be. Its credentials are new each
// time. The caller must Stop it.
func Start(ctx context.Context, dir string) (*Gateway, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{"data", "meta"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g := &Gateway{AccessKey: rand.Text(), SecretKey: rand.Text(), stdin: stdin, done: make(chan struct{})}
	err = json.NewEncoder(stdin).Encode(config{dir, g.AccessKey, g.SecretKey})
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	line, rerr := bufio.NewReader(stdout).ReadString('\n')
	if !stop() {
		rerr = errors.Join(context.Cause(ctx), rerr)
	}
	if err = errors.Join(err, rerr); err != nil {
		cmd.Process.Kill()
		return nil, fmt.Errorf("gateway: it did not start: %w", errors.Join(err, cmd.Wait()))
	}
	g.Endpoint = "http://" + strings.TrimSpace(line)
	go func() {
		g.err = cmd.Wait()
		close(g.done)
	}()
	return g, nil
}

// Done is closed when the gateway has ended.
func (g *Gateway) Done() <-chan struct{} { return g.done }

// Stop ends the gateway and waits for it.
func (g *Gateway) Stop() error {
	g.stdin.Close()
	<-g.done
	return g.err
}

func child() error {
	// A terminal's Ctrl-C is for the parent, which needs us until it has drained.
	signal.Ignore(os.Interrupt, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTERM)
	report := os.Stdout
	os.Stdout = os.Stderr
	var cfg config
	in := bufio.NewReader(os.Stdin)
	if err := json.NewDecoder(in).Decode(&cfg); err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	be, err := newBackend(cfg.Dir)
	if err != nil {
		return err
	}
	// The gateway cannot tell which port it got, so we look for a free one.
	for range bindAttempts {
		var listening atomic.Bool
		addr, ferr := freeAddr()
		if ferr != nil {
			return ferr
		}
		err = embedgw.RunVersityGW(context.Background(), be, &embedgw.Config{
			RootUserAccess: cfg.AccessKey, RootUserSecret: cfg.SecretKey, Region: Region, Ports: []string{addr},
			MaxConnections: maxRequests, MaxRequests: maxRequests, MultipartMaxParts: maxParts, Quiet: true, KeepAlive: true,
			S3Options: []s3api.Option{s3api.WithOnListen(func() {
				listening.Store(true)
				fmt.Fprintln(report, addr)
			})},
		})
		if listening.Load() {
			break
		}
	}
	return err
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// newBackend keeps metadata in extended attributes, or in files beside the data where the
// file system has none. Which of them is decided once for a directory.
func newBackend(dir string) (backend.Backend, error) {
	data, side := filepath.Join(dir, "data"), filepath.Join(dir, "meta")
	entries, err := os.ReadDir(side)
	if err != nil {
		return nil, err
	}
	xattrs := meta.XattrMeta{}.StoreAttribute(nil, dir, "", "gitlfs-probe", []byte("1")) == nil
	if len(entries) == 0 && xattrs {
		return posix.New(data, meta.XattrMeta{}, posix.PosixOpts{CopyObjectThreshold: maxCopy})
	}
	m, err := meta.NewSideCar(side)
	if err != nil {
		return nil, err
	}
	return posix.New(data, m, posix.PosixOpts{SideCarDir: side, CopyObjectThreshold: maxCopy})
}
