package zerocopy_test

import (
	"errors"
	"io"
	"testing"

	"github.com/s3pool/s3pool/internal/leak"
	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/zerocopy"
)

func TestMain(m *testing.M) {
	leak.Main(m, func() error {
		blocks.VerifyIdle()
		if blocks.Stats().Scratch.Leased != 0 {
			return errors.New("scratch blocks are still borrowed")
		}
		return nil
	})
}

// blocks are those of all copies.
var blocks = mem.New(0)

func pooledCopy(dst io.Writer, src io.Reader) (int64, error) {
	return zerocopy.Copy(blocks, dst, src)
}
