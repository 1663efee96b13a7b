package s3server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// childEnv marks a process as the child that Main must turn into a gateway.
const childEnv = "S3POOL_S3SERVER_CHILD"

// mainCalled is global since it is about the process: whether re-executing it
// gives a gateway.
var mainCalled atomic.Bool

// Main turns the process into the server, and never returns, if it is a child
// that [Start] made; otherwise it does nothing. Programs that call Start must
// call it first thing in main or TestMain, before flags are parsed. (An init
// function would do it without a call, behind everybody's back.)
func Main() {
	mainCalled.Store(true)
	if os.Getenv(childEnv) == "" {
		return
	}
	if err := childMain(); err != nil {
		fmt.Fprintln(os.Stderr, "s3server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// childMain serves until its standard input ends, which it does when the
// parent closes it or dies.
func childMain() error {
	// What a terminal sends goes to the whole process group, but it is the
	// parent that decides: it may still need us to clean up.
	signal.Ignore(os.Interrupt, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTERM)

	// The gateway prints to standard output, which is for our address alone.
	report := os.Stdout
	os.Stdout = os.Stderr

	var cfg childConfig
	if err := json.NewDecoder(os.Stdin).Decode(&cfg); err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	ready := func(addr string) { fmt.Fprintln(report, addr) }
	if cfg.MinIO != "" {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
		err := runMinIO(ctx, cfg, ready)
		removeAll(cfg.Dir)
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		// Out of the directory, which some systems do not remove otherwise.
		os.Chdir(os.TempDir())
		// The parent, if there is one, removes what is left.
		removeAll(cfg.Dir)
		os.Exit(0)
	}()
	return runGateway(cfg, ready)
}
