package transfer_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestFailedDownloadGivesBackBlocks: what a download that failed has not written takes no
// room on the disk, and what a longer file had stays there.
func TestFailedDownloadGivesBackBlocks(t *testing.T) {
	const (
		size  = 24 * mib
		slack = 2 * mib // blocks under way, and the file system's own
	)
	for _, had := range []int64{0, 3, 5 * mib, size + 4*mib} {
		for _, end := range []string{"refused", "cut", "cancelled"} {
			t.Run(fmt.Sprintf("%d bytes before, %s", had, end), func(t *testing.T) {
				f, err := os.Create(filepath.Join(t.TempDir(), "object"))
				require.NoError(t, err)
				defer f.Close()
				before := []byte("before")
				_, err = f.WriteAt(make([]byte, had), 0)
				require.NoError(t, err)
				_, err = f.WriteAt(before, max(0, had-int64(len(before))))
				require.NoError(t, err)
				had := max(had, int64(len(before)))

				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				fake := s3test.New()
				fake.Put("bucket", "key", pattern(size))
				var most atomic.Int64
				c, _ := withFaults(fake, func(r *http.Request, n int) s3test.Fault {
					most.Store(max(most.Load(), blocks(t, f)))
					switch {
					case n == 1:
						return s3test.Cut(2*mib + 5)
					case n == 3 && end == "cancelled":
						cancel()
					case n >= 3 && end == "cut":
						return s3test.Cut(0)
					case n >= 3 && end == "refused":
						return s3test.Status(http.StatusForbidden, "AccessDenied")
					}
					return s3test.Throttle(mib)
				})
				_, err = newClient(newPool(t), c, func(o *transfer.Options) { o.MaxRetries = 1 }).Download(ctx, f, get(""))
				require.Error(t, err)
				// Where the file system has no blocks to give, there is nothing to give back.
				require.LessOrEqual(t, blocks(t, f), had+4*mib+slack, "most was %d", most.Load())
				if had > size {
					got := make([]byte, len(before))
					_, err := f.ReadAt(got, had-int64(len(got)))
					require.True(t, err == nil || err == io.EOF)
					require.Equal(t, string(before), string(got))
				}
			})
		}
	}
}

// blocks returns the bytes that a file takes on its disk.
func blocks(t *testing.T, f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		t.Error(err)
		return 0
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}
