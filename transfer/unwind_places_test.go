package transfer_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// A panicking HTTP client panics in its first request.
type panicking struct {
	s3.HTTPClient
	calls int
}

func (p *panicking) Do(r *http.Request) (*http.Response, error) {
	if p.calls++; p.calls == 1 {
		panic("boom")
	}
	return p.HTTPClient.Do(r)
}

// TestPanicOfHTTPClient: it surfaces in the call, whose place is given up, and nothing of it
// counts as a request that waits: a body that is parked for a while stays.
func TestPanicOfHTTPClient(t *testing.T) {
	for _, call := range []string{"Get", "Read", "WriteTo", "Download"} {
		synctest.Test(t, func(t *testing.T) {
			fake := s3test.New()
			fake.Put("bucket", "key", pattern(testPart))
			api, faults := withFaults(fake, nil)
			hc := &panicking{HTTPClient: api.Options().HTTPClient}
			api = s3.New(api.Options(), func(o *s3.Options) { o.HTTPClient = hc })
			c := newClient(newPool(t), api, func(o *transfer.Options) { o.MaxRequests = 1 })
			require.PanicsWithValue(t, "boom", func() { download(t, c, call, func(string) {}) })

			r, err := c.Open(t.Context(), get(""))
			require.NoError(t, err)
			defer r.Close()
			one := make([]byte, 1)
			for range 10 {
				_, err = io.ReadFull(r, one)
				require.NoError(t, err)
				time.Sleep(1900 * time.Millisecond)
			}
			require.LessOrEqual(t, faults.Stats().Requests, int64(6), "the time a body may be parked gets longer")
		})
	}
}

// TestPanicBreaksReader: what was to be written when the caller's code panicked is lost, so
// a later Read is an error. Its connection, which has been given away before, is not closed
// twice.
func TestPanicBreaksReader(t *testing.T) {
	fake := s3test.New(func(o *s3test.Options) { o.NoDefaultChecksum = true })
	fake.Put("bucket", "key", pattern(9*testPart))
	fake.Put("bucket", "other", pattern(10))
	api, _ := withFaults(fake, nil)
	for _, progress := range []bool{false, true} {
		armed := false
		c := newClient(newPool(t, withBudget(20*testPart)), api, func(o *transfer.Options) { o.MaxRequests = 1 })
		other := func() {
			in, name := get(""), "other"
			in.Key = &name
			o, err := c.Get(t.Context(), in)
			require.NoError(t, err)
			o.Release()
		}
		r, err := c.Open(t.Context(), get(""), func(o *transfer.DownloadOptions) {
			o.Progress = func(transfer.Progress) {
				if armed && progress {
					panic("boom")
				}
			}
		})
		require.NoError(t, err)
		_, err = io.ReadFull(r, make([]byte, 10))
		require.NoError(t, err)
		armed = true
		require.PanicsWithValue(t, "boom", func() {
			if progress {
				r.Read(make([]byte, 10))
				return
			}
			r.WriteTo(writer(func([]byte) (int, error) {
				other()
				panic("boom")
			}))
		})
		armed = false
		other()
		_, err = r.Read(make([]byte, 10))
		require.ErrorContains(t, err, "panicked")
		require.NoError(t, r.Close())
		other()
	}
}
