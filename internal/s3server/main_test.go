package s3server_test

import (
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3pool/s3pool/internal/s3server"
)

// roleEnv makes re-executions of the test binary play somebody else.
const roleEnv = "S3SERVER_TEST_ROLE"

const (
	roleCrash = "crash" // a child that says why and dies
	roleHang  = "hang"  // a child that never becomes ready
	roleOwner = "owner" // a program with a server, to be killed
)

func TestMain(m *testing.M) {
	isChild := os.Getenv(s3server.ChildEnv) != ""
	switch role := os.Getenv(roleEnv); {
	case isChild && role == roleCrash:
		fmt.Fprintln(os.Stderr, "the disk is on fire")
		os.Exit(7)
	case isChild && role == roleHang:
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	case !isChild && role == roleOwner:
		s3server.Main()
		own()
	}
	s3server.Main()
	goleak.VerifyTestMain(m)
}
