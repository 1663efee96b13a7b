package server

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/s3pool/s3pool/internal/s3server"
)

// mainCalled is about the process: whether running it again gives a server, or
// runs a program that starts servers that start programs.
var mainCalled atomic.Bool

// Main turns this process into a server if it was started as one, and then does
// not return. Otherwise it does nothing.
func Main() {
	s3server.Main()
	mainCalled.Store(true)
	config, isChild := os.LookupEnv(childEnv)
	if !isChild {
		return
	}
	if err := serveChild(config, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "range server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
