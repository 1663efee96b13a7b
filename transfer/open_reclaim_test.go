package transfer_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestReaderReclaimed takes the budget from a Reader that reads whole parts, while it hashes
// one: what it has read ahead is taken back between the copy of a part's bytes and the note
// that they are the caller's. No byte is lost or delivered twice, and no part counts twice.
func TestReaderReclaimed(t *testing.T) {
	const parts, size = 8, mib
	fake := s3test.New()
	object := pattern(parts*size - 5)
	fake.Put("bucket", "key", object, func(o *s3test.Object) {
		o.ChecksumAlgorithm, o.ChecksumType = types.ChecksumAlgorithmSha256, types.ChecksumTypeFullObject // takes its time
	})
	api, _ := withFaults(fake, nil)
	pool := newPool(t, withBudget(16*size))
	c := newClient(pool, api, func(o *transfer.Options) { o.PartSize, o.ParallelThreshold = size, size })
	for range 4 {
		for _, step := range []int{size, size - 1} {
			var last transfer.Progress
			r, err := c.Open(t.Context(), get(""), func(o *transfer.DownloadOptions) {
				o.Progress = func(p transfer.Progress) { last = p }
			})
			require.NoError(t, err)
			got, piece := []byte(nil), make([]byte, step)
			taken := make(chan error)
			for off := 0; off < len(object); off += step {
				go func() {
					buf, err := pool.Acquire(t.Context(), 15*size)
					if err == nil {
						buf.Release()
					}
					taken <- err
				}()
				_, err := io.ReadFull(r, piece[:min(step, len(object)-off)])
				require.NoError(t, err)
				got = append(got, piece[:min(step, len(object)-off)]...)
				require.NoError(t, <-taken)
			}
			require.True(t, bytes.Equal(object, got))
			require.LessOrEqual(t, last.Parts, parts)
			require.NoError(t, r.Close())
		}
	}
}
