package transfer_test

import (
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestMaxRequests: all transfers of a Client together have no more requests under way than
// Options.MaxRequests, and the statistics show them.
func TestMaxRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := s3test.New()
		fake.Put("bucket", "key", pattern(5*testPart))
		api, _ := withFaults(fake, s3test.Always(s3test.Delay(time.Second)))
		c := newClient(newPool(t), api, func(o *transfer.Options) { o.MaxRequests = 3 })
		var wg sync.WaitGroup
		for range 20 {
			for _, call := range calls {
				wg.Go(func() {
					_, _, err := call.do(t.Context(), t, c, get(""))
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		time.Sleep(time.Second / 2)
		s := c.Stats()
		require.Equal(t, 3, s.Requests)
		require.Equal(t, 20*len(calls)-3, s.RequestsWaiting)
		wg.Wait()
		s = c.Stats()
		require.Zero(t, s.Requests)
		require.Zero(t, s.RequestsWaiting)
	})
}

// TestOpenBeginsSlowly: a part is read ahead when a sixteenth of one has been read, and
// another for each quarter read after that.
func TestOpenBeginsSlowly(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(9*testPart))
	for read, requests := range map[int]int{
		0: 1, testPart/16 - 1: 1, testPart / 16: 2, testPart*5/16 - 1: 2, testPart * 5 / 16: 3, testPart * 13 / 16: 5,
	} {
		synctest.Test(t, func(t *testing.T) {
			before := fake.Counts()["GetObject"]
			r, err := newClient(newPool(t), fake.Client(), func(o *transfer.Options) { o.Concurrency = 6 }).Open(t.Context(), get(""))
			require.NoError(t, err)
			_, err = io.ReadFull(r, make([]byte, read))
			require.NoError(t, err)
			synctest.Wait()
			require.Equal(t, requests, fake.Counts()["GetObject"]-before, "%d bytes read", read)
			require.NoError(t, r.Close())
		})
	}
}

// TestIdleReaderGivesUpItsConnection after some seconds, later each time, and goes on.
func TestIdleReaderGivesUpItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := s3test.New()
		fake.Put("bucket", "key", pattern(9*testPart))
		c := newClient(newPool(t), fake.Client(), func(o *transfer.Options) { o.Concurrency = 1 })
		time.Sleep(5 * time.Second)
		r, err := c.Open(t.Context(), get(""))
		require.NoError(t, err)
		defer r.Close()
		var got []byte
		for wait := time.Second; wait <= 64*time.Second; wait *= 2 {
			buf := make([]byte, 1000)
			_, err = io.ReadFull(r, buf)
			require.NoError(t, err)
			got = append(got, buf...)
			require.Equal(t, 1, c.Stats().Requests)
			time.Sleep(wait - time.Millisecond)
			require.Equal(t, 1, c.Stats().Requests, "after %v", wait)
			time.Sleep(wait + 2*time.Second)
			require.Zero(t, c.Stats().Requests, "after %v", wait)
			if wait == 32*time.Second {
				wait = 64 * time.Second
			}
		}
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, pattern(9*testPart), append(got, rest...))
	})
}

// TestProgressOfRevoked: bytes that a Reader fetches twice count once.
func TestProgressOfRevoked(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(9*testPart))
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(8*testPart))
		var mu sync.Mutex
		var last transfer.Progress
		r, err := newClient(p, fake.Client(), func(o *transfer.Options) { o.Concurrency = 6 }).Open(t.Context(), get(""), func(o *transfer.DownloadOptions) {
			o.Progress = func(p transfer.Progress) { mu.Lock(); last = p; mu.Unlock() }
		})
		require.NoError(t, err)
		defer r.Close()
		_, err = io.ReadFull(r, make([]byte, testPart+10))
		require.NoError(t, err)
		synctest.Wait()
		b, err := p.Acquire(t.Context(), 8*testPart)
		require.NoError(t, err)
		b.Release()
		_, err = io.Copy(io.Discard, r)
		require.NoError(t, err)
		require.Equal(t, last.Total, last.Done)
	})
}
