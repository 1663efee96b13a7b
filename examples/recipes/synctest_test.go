package recipes

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestWithoutS3 is how to test code that uses the Client: an S3 in memory without a socket,
// a fault, and virtual time. S3 is silent for once; a minute's patience passes at once.
func TestWithoutS3(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := s3test.New()
		store.Put("bucket", "key", []byte("hello"))
		faults := s3test.NewFaults(store.HTTPClient().Transport, s3test.Rules(s3test.Rule{Operation: "GetObject", Times: 1, Fault: s3test.Hang()}))
		c := transfer.New(store.Client(func(o *s3.Options) { o.HTTPClient = faults.HTTPClient() }), func(o *transfer.Options) {
			o.StallTimeout = time.Minute
		})
		start := time.Now()
		o, err := c.Get(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
		require.NoError(t, err)
		defer o.Release()
		require.Equal(t, "hello", string(o.Bytes()))
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
		require.EqualValues(t, 1, c.Stats().Stalls)
	})
}
