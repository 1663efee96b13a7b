package transfer_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestErrorPart: the part in an error is the one that holds the byte which nobody could
// have, wherever the range begins. Parts end at multiples of the part size of the object,
// and the first of a range is number 1.
func TestErrorPart(t *testing.T) {
	const parts = 6
	size := parts*testPart + 11
	for _, from := range []int{0, 1, testPart - 1, testPart, 2*testPart + 7} {
		for _, bad := range []int{from + 1, testPart + 5, 3*testPart - 1, 3 * testPart, 5*testPart + 3, size - 1} {
			if bad <= from {
				continue
			}
			for _, call := range calls {
				name := fmt.Sprintf("%s, from %d, bad byte %d", call.name, from, bad)
				synctest.Test(t, func(t *testing.T) {
					fake := s3test.New()
					fake.Put("bucket", "key", pattern(size))
					c, _ := withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
						first, last := 0, size-1
						fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last)
						switch {
						case bad < first || last < bad:
							return s3test.Fault{}
						case bad == first:
							return s3test.Status(http.StatusForbidden, "AccessDenied")
						}
						return s3test.Cut(int64(bad - first))
					})
					in := get("")
					if from > 0 {
						in.Range = new(fmt.Sprintf("bytes=%d-", from))
					}
					client := newClient(newPool(t), c, func(o *transfer.Options) { o.PartSize, o.ParallelThreshold = testPart, testPart })
					_, _, err := call.do(t.Context(), t, client, in)
					e, ok := errors.AsType[*transfer.Error](err)
					require.True(t, ok, "%s: %v", name, err)
					require.Equal(t, bad/testPart-from/testPart+1, e.Part, "%s: %v", name, err)
				})
			}
		}
	}
}
