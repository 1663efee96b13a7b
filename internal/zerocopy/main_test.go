package zerocopy_test

import (
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/zerocopy"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if blocks.Stats().Scratch.Leased != 0 {
			println("scratch blocks are still borrowed")
			code = 1
		}
		blocks.VerifyIdle()
		os.Exit(code)
	}))
}

// blocks are those of all copies.
var blocks = mem.New(0)

func pooledCopy(dst io.Writer, src io.Reader) (int64, error) {
	return zerocopy.Copy(blocks, dst, src)
}
