//go:build !plan9

package s3test

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// errReset is what a client sees of a connection that is reset.
var errReset error = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}

// isReset reports whether err says that a connection was reset.
func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
