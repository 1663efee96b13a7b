package prefix_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

// throttled answers 503 to what lies between two numbers of requests.
type throttled struct {
	n        atomic.Int32
	from, to int32
}

func (r *throttled) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(10 * time.Millisecond) // in a bubble
	status := http.StatusOK
	if n := r.n.Add(1); n > r.from && n <= r.to {
		status = http.StatusServiceUnavailable
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
}

// The direct path's attempts are paced and counted as the SDK's are.
func TestPacerSeesTheDirectPath(t *testing.T) {
	type api interface {
		HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	}
	var seen [2]prefix.PrefixStats
	for way := range seen {
		synctest.Test(t, func(t *testing.T) {
			net := &throttled{from: 20, to: 40}
			p := prefix.NewPacer()
			sdk := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: net}, p.Attach)
			var c api = sdk
			ours := direct.New(sdk, direct.Known{})
			if way == 1 {
				c = ours
			}
			in := &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")}
			for range 100 {
				_, err := c.HeadObject(t.Context(), in)
				require.NoError(t, err)
			}
			require.Equal(t, int32(120), net.n.Load())
			require.Len(t, p.Stats(), 1)
			seen[way] = p.Stats()[0]
			if way == 1 {
				require.Equal(t, direct.Stats{Direct: 100}, ours.Stats())
				require.Positive(t, seen[way].Waited)
			}

			// Who waits for a turn ends with the context, in the same words.
			net.to = 1 << 30
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				_, err := c.HeadObject(ctx, in)
				cancel()
				require.True(t, errors.Is(err, context.DeadlineExceeded), err)
			}
		})
	}
	require.Equal(t, seen[0].Throttled, seen[1].Throttled)
	require.Equal(t, seen[0].Served, seen[1].Served)
	require.Zero(t, seen[1].Waiting)
}
