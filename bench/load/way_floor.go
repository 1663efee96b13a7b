package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/bench/server"
)

// recycler recycles memory by powers of two, as a program would that writes the loop itself.
type recycler struct{ pools [64]sync.Pool }

// lend returns n bytes and what gives them back.
func (s *recycler) lend(n int64) (data []byte, release func()) {
	class := bits.Len64(uint64(max(n, 1) - 1))
	p, _ := s.pools[class].Get().(*[]byte)
	if p == nil {
		p = new(make([]byte, 1<<class))
	}
	return (*p)[:n], func() { s.pools[class].Put(p) }
}

// read reads a body of n bytes and closes it.
func (s *recycler) read(o Object, body io.ReadCloser, n int64) ([]byte, func(), error) {
	defer body.Close()
	if err := whole(o, n); err != nil {
		return nil, nil, err
	}
	data, release := s.lend(n)
	if _, err := io.ReadFull(body, data); err != nil {
		release()
		return nil, nil, err
	}
	return data, release, nil
}

func newSDK(t *server.Target, _ int64) (Fetch, error) {
	c, memory := t.Client(bare), new(recycler)
	return func(ctx context.Context, o Object) ([]byte, func(), error) {
		out, err := c.GetObject(ctx, o.input())
		if err != nil {
			return nil, nil, err
		}
		return memory.read(o, out.Body, aws.ToInt64(out.ContentLength))
	}, nil
}

// presignedFor is longer than any load lasts.
const presignedFor = 6 * time.Hour

func newRaw(t *server.Target, _ int64) (Fetch, error) {
	c, memory := t.Client(bare), new(recycler)
	presign := s3.NewPresignClient(c)
	var urls sync.Map // by key: signing is not what the floor is about
	return func(ctx context.Context, o Object) ([]byte, func(), error) {
		address, ok := urls.Load(o.Key)
		if !ok {
			signed, err := presign.PresignGetObject(ctx, o.input(), s3.WithPresignExpires(presignedFor))
			if err != nil {
				return nil, nil, err
			}
			address, _ = urls.LoadOrStore(o.Key, signed.URL)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.(string), nil)
		if err != nil {
			return nil, nil, err
		}
		resp, err := c.Options().HTTPClient.Do(req)
		if err != nil {
			// The URL in a url.Error is as good as a credential.
			if e, ok := errors.AsType[*url.Error](err); ok {
				err = e.Err
			}
			return nil, nil, fmt.Errorf("GET %s: %w", o.Key, err)
		}
		if resp.StatusCode != http.StatusOK {
			resp.Body.Close()
			return nil, nil, fmt.Errorf("GET %s: %s", o.Key, resp.Status)
		}
		return memory.read(o, resp.Body, resp.ContentLength)
	}, nil
}
