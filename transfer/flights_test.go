package transfer_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/s3"

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

// TestPlacesOfABudget: a Client with a small budget makes fewer requests at a time.
func TestPlacesOfABudget(t *testing.T) {
	for budget, want := range map[int64]int{0: 256, 64 * kib: 16, 20 * mib: 20, 1024 * mib: 256} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			c := newClient(newPool(t, withBudget(budget)), silent{})
			var wg sync.WaitGroup
			for range 300 {
				wg.Go(func() { c.Get(ctx, get("")) })
			}
			synctest.Wait()
			require.Equal(t, want, c.Stats().Requests)
			require.Equal(t, 300-want, c.Stats().RequestsWaiting)
			cancel()
			wg.Wait()
		})
	}
}

// silent answers nothing.
type silent struct{ transfer.API }

func (silent) GetObject(ctx context.Context, _ *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
