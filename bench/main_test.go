package bench_test

import (
	"os"
	"testing"

	"github.com/s3pool/s3pool/bench/server"
)

func TestMain(m *testing.M) {
	server.Main()
	os.Exit(m.Run())
}
