package transfer_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestGetInStages gets what is larger than the memory that is allocated before bytes have
// come: over stores with and without ranges, from its beginning and from an odd byte, by one
// request and by several, and with bodies that break.
func TestGetInStages(t *testing.T) {
	object := pattern(mem.MaxClassSize + 5*mib + 3)
	fake := s3test.New()
	fake.Put("bucket", "key", object)
	for name, script := range map[string]s3test.Script{
		"plain":     nil,
		"no ranges": s3test.Always(s3test.IgnoreRange()),
		"breaks": func(_ *http.Request, n int) s3test.Fault {
			if n%3 == 1 {
				return s3test.Cut(2*mib + 1)
			}
			return s3test.Fault{}
		},
	} {
		for _, from := range []int{0, 7} {
			for _, concurrency := range []int{1, 4} {
				t.Run(name, func(t *testing.T) {
					c, faults := withFaults(fake, script)
					in := get("")
					if from > 0 {
						in.Range = aws.String("bytes=7-")
					}
					pool := newPool(t, withBudget(128*mib))
					o, err := newClient(pool, c, func(o *transfer.Options) {
						o.PartSize, o.Concurrency = 4*mib, concurrency
					}).Get(t.Context(), in)
					require.NoError(t, err)
					defer o.Release()
					require.True(t, bytes.Equal(object[from:], o.Bytes()))
					if name != "breaks" {
						require.LessOrEqual(t, faults.Stats().Requests, int64(len(object)/(4*mib)+3))
					}
				})
			}
		}
	}
}
