package load

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/transfer"
)

func unsized(Object) []byte { return nil }

func sized(o Object) []byte { return make([]byte, o.Size) }

func stock(c *s3.Client) *manager.Downloader { return manager.NewDownloader(c) }

// withProvider is the known one-line fix.
func withProvider(c *s3.Client) *manager.Downloader {
	return manager.NewDownloader(c, func(d *manager.Downloader) {
		d.BufferProvider = manager.NewPooledBufferedWriterReadFromProvider(5 << 20)
	})
}

func pooledDownloader(c *s3.Client) *manager.Downloader { return s3pool.NewDownloader(c) }

// newManager downloads with a manager.Downloader into a manager.WriteAtBuffer.
func newManager(downloader func(*s3.Client) *manager.Downloader, memory func(Object) []byte) func(*server.Target, int64) (Fetch, error) {
	return func(t *server.Target, _ int64) (Fetch, error) {
		d := downloader(t.Client(bare))
		return func(ctx context.Context, o Object) ([]byte, func(), error) {
			buf := manager.NewWriteAtBuffer(memory(o))
			n, err := d.Download(ctx, buf, o.input())
			if err != nil {
				return nil, nil, err
			}
			return buf.Bytes(), nothing, whole(o, n)
		}, nil
	}
}

func newDropInPooled(t *server.Target, budget int64) (Fetch, error) {
	pool := newPool(budget)
	d := pool.NewDownloader(t.Client(bare))
	return func(ctx context.Context, o Object) ([]byte, func(), error) {
		buf := pool.NewWriteAtBuffer()
		n, err := d.Download(ctx, buf, o.input())
		if err == nil {
			err = whole(o, n)
		}
		if err != nil {
			buf.Release()
			return nil, nil, err
		}
		return buf.Bytes(), buf.Release, nil
	}, nil
}

func newClient(t *server.Target, budget int64) (Fetch, error) {
	pool := newPool(budget)
	c := transfer.New(t.Client(), func(o *transfer.Options) { o.Pool = pool })
	return func(ctx context.Context, o Object) ([]byte, func(), error) {
		obj, err := c.Get(ctx, o.input())
		if err != nil {
			return nil, nil, err
		}
		if err := whole(o, int64(obj.Len())); err != nil {
			obj.Release()
			return nil, nil, err
		}
		return obj.Bytes(), obj.Release, nil
	}, nil
}

func newPool(budget int64) *s3pool.Pool {
	return s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = budget })
}
