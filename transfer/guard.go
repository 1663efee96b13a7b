package transfer

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A guard stands between the SDK and what the client was configured with: in front of its
// HTTP client, to watch each attempt, and of its Retryer, to add what that does not know.
// One is made for each call of the SDK's.
type guard struct {
	aws.Retryer
	own    s3.HTTPClient // as configured
	client s3.HTTPClient // of the last attempt: the same, or what has replaced it

	mu    sync.Mutex
	tries int32 // attempts that the SDK has made again
	last  error // why it made the last of them
}

// guarded is the last option of every request.
func guarded(o *s3.Options) {
	g := &guard{Retryer: o.Retryer, own: o.HTTPClient}
	if g.Retryer == nil {
		g.Retryer = defaultRetryer
	}
	if o.RetryMaxAttempts != 0 {
		// The SDK would put this on top of the guard.
		g.Retryer = retry.AddWithMaxAttempts(g.Retryer, o.RetryMaxAttempts)
		o.RetryMaxAttempts = 0
	}
	o.Retryer = g
	if g.own != nil {
		o.HTTPClient = g
	}
}

// Do implements s3.HTTPClient.
func (g *guard) Do(req *http.Request) (*http.Response, error) {
	if w := watchOf(req.Context()); w != nil {
		return w.do(g, req)
	}
	return g.own.Do(req)
}

// do passes an attempt on.
func (g *guard) do(fresh *renewal, req *http.Request) (*http.Response, error) {
	g.client = fresh.of(g.own)
	return g.client.Do(req)
}

// IsErrorRetryable implements aws.Retryer.
func (g *guard) IsErrorRetryable(err error) bool { return mayRetry(g.Retryer, err) }

// GetAttemptToken implements aws.RetryerV2.
func (g *guard) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := g.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return g.Retryer.GetInitialToken(), nil
}

// GetRetryToken implements aws.Retryer. The SDK calls it before each further attempt.
func (g *guard) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	g.mu.Lock()
	g.tries++
	g.last = err
	g.mu.Unlock()
	return g.Retryer.GetRetryToken(ctx, err)
}

// repeated returns the options of a request that is made again by us: it is one attempt.
// Otherwise our retries and the SDK's would multiply.
func repeated(opts []func(*s3.Options), failures int32) []func(*s3.Options) {
	if failures == 0 {
		return opts
	}
	return append(opts[:len(opts):len(opts)], once)
}

func once(o *s3.Options) {
	g, ok := o.Retryer.(*guard)
	if !ok {
		return
	}
	// A retryer may have attempts that it does not count: those that a Pacer's takes for
	// a matter of waiting.
	if r, ok := g.Retryer.(interface{ Once() aws.RetryerV2 }); ok {
		g.Retryer = r.Once()
		return
	}
	g.Retryer = retry.AddWithMaxAttempts(g.Retryer, 1)
}

// suspect gives up the connections that wait in the pool for another request.
func (g *guard) suspect(fresh *renewal) {
	switch c := g.client.(type) {
	case *awshttp.BuildableClient:
		if own, ok := g.own.(*awshttp.BuildableClient); ok {
			fresh.renew(own, c)
		}
	case interface{ CloseIdleConnections() }:
		c.CloseIdleConnections()
	}
}

// A renewal stands in for an HTTP client whose idle connections nobody can close: the SDK's
// own. A copy has a pool of its own; what waits in the old one ends by its time-out.
type renewal struct{ now atomic.Pointer[renewed] }

type renewed struct{ own, client *awshttp.BuildableClient }

func (r *renewal) of(own s3.HTTPClient) s3.HTTPClient {
	if now := r.now.Load(); now != nil && own == s3.HTTPClient(now.own) {
		return now.client
	}
	return own
}

// renew replaces the client that a request was silent on, unless another has done so.
func (r *renewal) renew(own, silent *awshttp.BuildableClient) {
	now := r.now.Load()
	if now != nil && now.own == own && now.client != silent {
		return
	}
	r.now.CompareAndSwap(now, &renewed{own, silent.WithTransportOptions()})
}
