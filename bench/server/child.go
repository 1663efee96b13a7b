package server

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"time"
)

// childEnv, when set, makes Main serve as a range server. Its value is a
// childConfig in JSON.
const childEnv = "S3POOL_BENCH_RANGE_SERVER"

type childConfig struct {
	TLS  bool
	Keep bool
	Link Link
}

// childReport is the one line that the child prints, once it can be reached.
type childReport struct {
	Addr string
	Cert []byte // PEM, over TLS
}

// serveChild is the child's main. It serves until its standard input ends,
// which happens whatever way the parent dies.
func serveChild(config string, stdin io.Reader, stdout io.Writer) error {
	// A terminal's interrupt goes to us too, but it is the parent that decides.
	signal.Ignore(os.Interrupt)
	var cfg childConfig
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	report := childReport{Addr: ln.Addr().String()}
	if cfg.TLS {
		cert, certPEM, err := selfSigned()
		if err != nil {
			return err
		}
		report.Cert = certPEM
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	// A TLS listener made here offers no HTTP/2: S3 does not speak it either.
	srv := &http.Server{Handler: newHandler(cfg.Keep, cfg.Link), ReadHeaderTimeout: time.Minute}
	if err := json.NewEncoder(stdout).Encode(report); err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, stdin)
		srv.Close()
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// spawn starts this program again as a range server. The caller must call stop,
// which waits for the child's end.
func spawn(cfg childConfig) (report childReport, stop func() error, err error) {
	if !mainCalled.Load() {
		return report, nil, errors.New("call server.Main first thing in main or TestMain")
	}
	exe, err := os.Executable()
	if err != nil {
		return report, nil, err
	}
	config, err := json.Marshal(cfg)
	if err != nil {
		return report, nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+string(config))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return report, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return report, nil, err
	}
	if err := cmd.Start(); err != nil {
		return report, nil, err
	}
	stop = func() error {
		stdin.Close()
		return cmd.Wait()
	}
	if err := json.NewDecoder(stdout).Decode(&report); err != nil {
		return report, nil, errors.Join(fmt.Errorf("read the child's address: %w", err), stop())
	}
	return report, stop, nil
}
