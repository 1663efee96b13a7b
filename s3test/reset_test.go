//go:build !plan9

package s3test_test

import "syscall"

// connReset is the error of a connection that was reset.
var connReset error = syscall.ECONNRESET
