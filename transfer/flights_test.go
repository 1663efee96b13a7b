package transfer_test

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestPlacesAreNotPassedOnPerRead: more Readers than places, all of them read. One that comes
// right back for more keeps its place, although others wait: otherwise each Read would be a
// request.
func TestPlacesAreNotPassedOnPerRead(t *testing.T) {
	const readers = 16
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(mib))
	api, faults := withFaults(fake, nil)
	c := newClient(newPool(t), api, func(o *transfer.Options) { o.MaxRequests, o.Concurrency = 4, 1 })
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			r, err := c.Open(t.Context(), get(""))
			require.NoError(t, err)
			defer r.Close()
			n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 4*kib))
			require.Equal(t, int64(mib), n)
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.LessOrEqual(t, faults.Stats().Requests, int64(3*readers))
}

type slowly struct{ r io.Reader }

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(100 * time.Microsecond)
	return s.r.Read(p)
}
