package s3test

import (
	"errors"
	"net"
)

// errReset is what a client sees of a connection that is reset. The errors of Plan 9
// are strings.
var errReset error = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("i/o on hungup channel")}

// isReset reports whether err says that a connection was reset.
func isReset(err error) bool { return errors.Is(err, errReset) }
