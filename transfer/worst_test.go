package transfer_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestWorstCases: the table in the package's documentation. It is of a store that does the
// same for ever, of the SDK's own retryer and of the options' zeros.
func TestWorstCases(t *testing.T) {
	large := make([]byte, 40<<20)
	getting := func(ctx context.Context, c *transfer.Client) error {
		o, err := c.Get(ctx, get(""))
		if err == nil {
			o.Release()
		}
		return err
	}
	putting := func(data []byte) func(context.Context, *transfer.Client) error {
		return func(ctx context.Context, c *transfer.Client) error {
			_, err := c.Put(ctx, put(bytes.NewReader(data)))
			return err
		}
	}
	heading := func(ctx context.Context, c *transfer.Client) error {
		_, err := c.Head(ctx, &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
		return err
	}
	later := func(f s3test.Fault) s3test.Script {
		return func(r *http.Request, _ int) s3test.Fault {
			if r.Header.Get("Range") != "" {
				return f
			}
			return s3test.Fault{}
		}
	}
	first := func(f s3test.Fault) s3test.Script { return s3test.Always(f) }
	of := func(operation string) func(s3test.Fault) s3test.Script {
		return func(f s3test.Fault) s3test.Script { return on(operation, always, f) }
	}
	for _, c := range []struct {
		name     string
		call     func(context.Context, *transfer.Client) error
		which    func(s3test.Fault) s3test.Script
		refused  time.Duration // at most, with 503 from then on
		requests int64         // at most, of one thing
		silent   time.Duration // at most, with silence from then on
	}{
		{"Get, Open, Download: the first request", getting, first, 10 * time.Second, 3, 210 * time.Second},
		{"Get, Open, Download: a later one", getting, later, 20 * time.Second, 3 + 8, 210 * time.Second},
		{"Head", heading, first, 10 * time.Second, 3, 210 * time.Second},
		{"Put in one request", putting(large[:1000]), first, 10 * time.Second, 3, 210 * time.Second},
		{"Put: the beginning", putting(large), of("CreateMultipartUpload"), 20 * time.Second, 3 + 8, 210 * time.Second},
		{"Put: a part", putting(large), of("UploadPart"), 20 * time.Second, 3 + 8, 210 * time.Second},
		{"Put: the end", putting(large), of("CompleteMultipartUpload"), 20 * time.Second, 3 + 8, 570 * time.Second},
	} {
		for _, silent := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				fake := newUploadFake()
				fake.Put("bucket", "key", large)
				fault, most := s3test.SlowDown(0), c.refused
				if silent {
					fault, most = s3test.Hang(), c.silent
				}
				faults := s3test.NewFaults(fake.HTTPClient().Transport, c.which(fault))
				api := fake.Client(func(o *s3.Options) { o.HTTPClient = faults.HTTPClient() })
				client := transfer.New(api, func(o *transfer.Options) { o.Pool = newPool(t) })
				start := time.Now()
				require.Error(t, c.call(t.Context(), client), c.name)
				t.Logf("%s, silent %v: %v", c.name, silent, time.Since(start))
				require.LessOrEqual(t, time.Since(start), most, "%s, silent %v", c.name, silent)
				if !silent && c.name != "Put: a part" && c.name != "Get, Open, Download: a later one" {
					require.LessOrEqual(t, faults.Stats().Faults, c.requests, c.name)
				}
			})
		}
	}
}
