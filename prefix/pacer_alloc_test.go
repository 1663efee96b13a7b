//go:build !race && !s3pooldebug

// Under the race detector a sync.Pool drops some of what it is given, and there is
// nothing to count.

package prefix_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

// An unlimited client costs nothing beside what the SDK costs.
func TestPacerAllocs(t *testing.T) {
	hc := &http.Client{Transport: instant{}}
	allocs := func(optFns ...func(*s3.Options)) float64 {
		c := s3test.NewClient("https://"+s3test.Domain, hc, optFns...)
		in := &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}
		return testing.AllocsPerRun(500, func() {
			if _, err := c.HeadObject(context.Background(), in); err != nil {
				t.Fatal(err)
			}
		})
	}
	nothing := func(*middleware.Stack) error { return nil }
	base := allocs(func(o *s3.Options) {
		o.Retryer = prefix.NewRetryer(o.Retryer)     // the SDK's user agent names its own retryers only
		o.APIOptions = append(o.APIOptions, nothing) // the SDK copies the list for each call, if there is one
	})
	paced := allocs(prefix.NewPacer().Attach)
	require.Equal(t, base, paced)
	require.LessOrEqual(t, paced, allocs())
}
