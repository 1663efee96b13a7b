package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestPutReturnsWhenContextEnds: whatever S3 does not answer, a Put returns when its context
// ends. What must be said to S3 is said behind it, within a minute, and Close waits for it.
func TestPutReturnsWhenContextEnds(t *testing.T) {
	const large = 5*testPart + 3
	for _, silent := range []string{"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"} {
		for _, heals := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				what := silent
				fake := newUploadFake()
				var healed atomic.Bool
				script := func(r *http.Request, _ int) s3test.Fault {
					op := s3test.Operation(r)
					if op == silent && !healed.Load() || silent == "AbortMultipartUpload" && op == "UploadPart" {
						return s3test.Hang()
					}
					return s3test.Fault{}
				}
				c, _ := withFaults(fake, script)
				client := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.StallTimeout = 10 * time.Second })
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				bucket, key := "bucket", "key"
				in := put(bytes.NewReader(pattern(large)))
				in.Bucket, in.Key, in.Metadata = &bucket, &key, map[string]string{"a": "b"}
				if silent == "PutObject" {
					in.Body = bytes.NewReader(pattern(100))
				}
				start := time.Now()
				_, err := client.Put(ctx, in)
				require.ErrorIs(t, err, context.Canceled, what)
				require.LessOrEqual(t, time.Since(start), 1100*time.Millisecond, what)
				// The caller may do with his input what he likes.
				bucket, key = "other", "other"
				in.Metadata["a"] = "c"
				goesOn := silent == "CreateMultipartUpload" || silent == "AbortMultipartUpload"
				if goesOn { // the others in a moment, if they are not done yet
					require.Equal(t, 1, client.Stats().Aborting, what)
					short, stop := context.WithTimeout(t.Context(), time.Second)
					err = client.Close(short)
					stop()
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.ErrorContains(t, err, "1 uploads are still being aborted")
				}
				healed.Store(heals)
				err = client.Close(t.Context())
				require.LessOrEqual(t, time.Since(start), 62*time.Second, what)
				require.Zero(t, client.Stats().Aborting)
				if silent == "AbortMultipartUpload" && !heals {
					e, ok := errors.AsType[*transfer.Error](err)
					require.True(t, ok, "%v", err)
					require.Equal(t, fake.Uploads("bucket")[0].ID, e.UploadID)
					require.Equal(t, "key", e.Key)
					require.NoError(t, client.Close(t.Context()), "it has been told")
					return
				}
				require.NoError(t, err, what)
				require.Empty(t, fake.Uploads("bucket"), what)
			})
		}
	}
}

// TestCloseIsNoEnd: a Client can be used when it has been closed, and closed by many.
func TestCloseIsNoEnd(t *testing.T) {
	fake := newUploadFake()
	c := newClient(newPool(t), fake.Client(), smallParts)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { assertNoError(t, c.Close(t.Context())) })
	}
	wg.Wait()
	in := put(bytes.NewReader(pattern(3 * testPart)))
	in.ContentLength = aws.Int64(-1) // net/http's word for a length that nobody knows
	_, err := c.Put(t.Context(), in)
	require.NoError(t, err)
	requireStored(t, fake, pattern(3*testPart), "")
}
