package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/transfer"
)

// A fetcher brings whole objects into memory.
type fetcher interface {
	// fetch returns the object's bytes. The caller calls release when it is
	// done with them, unless there is an error.
	fetch(ctx context.Context, bucket, key string) (data []byte, release func(), err error)
}

// budget is the memory that downloads may hold together, in bytes: eight of the largest
// objects. In a container, make it a share of GOMEMLIMIT; what is decoded comes on top.
const budget = 8 * maxObject

// client is what new code uses: downloads that are verified, continued where they break,
// and together within the budget.
type client struct{ c *transfer.Client }

func newClient(api transfer.API, maxObject int64) client {
	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = budget })
	return client{transfer.New(api, func(o *transfer.Options) {
		o.Pool, o.MaxObjectBytes = pool, maxObject
	})}
}

func (f client) fetch(ctx context.Context, bucket, key string) ([]byte, func(), error) {
	o, err := f.c.Get(ctx, getInput(bucket, key))
	if err != nil {
		return nil, nil, err
	}
	return o.Bytes(), o.Release, nil
}

// pooled is the manager with one line changed, and the pool's memory.
type pooled struct{ d *manager.Downloader }

func newPooled(c manager.DownloadAPIClient, maxObject int64) pooled {
	return pooled{s3pool.NewDownloader(limited{c, maxObject})}
}

func (p pooled) fetch(ctx context.Context, bucket, key string) ([]byte, func(), error) {
	buf := s3pool.NewWriteAtBuffer()
	if _, err := p.d.Download(ctx, buf, getInput(bucket, key)); err != nil {
		buf.Release()
		return nil, nil, err
	}
	return buf.Bytes(), buf.Release, nil
}

// stock is what the server did before.
type stock struct{ d *manager.Downloader }

func newStock(c manager.DownloadAPIClient, maxObject int64) stock {
	return stock{manager.NewDownloader(limited{c, maxObject})}
}

func (s stock) fetch(ctx context.Context, bucket, key string) ([]byte, func(), error) {
	buf := manager.NewWriteAtBuffer(nil)
	if _, err := s.d.Download(ctx, buf, getInput(bucket, key)); err != nil {
		return nil, nil, err
	}
	return buf.Bytes(), func() {}, nil
}

func getInput(bucket, key string) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}
}

// tooLargeError reports an object of more than max bytes.
type tooLargeError struct{ size, max int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the object has %d bytes; at most %d are accepted", e.size, e.max)
}

// limited does for the manager what a Client's MaxObjectBytes does. It refuses objects of
// more than max bytes when the answer to their first
// range says so, before any memory is taken and without a request of its own.
type limited struct {
	manager.DownloadAPIClient
	max int64
}

// GetObject implements manager.DownloadAPIClient.
func (l limited) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := l.DownloadAPIClient.GetObject(ctx, in, optFns...)
	if err != nil {
		return nil, err
	}
	if size := objectSize(out); size > l.max {
		out.Body.Close()
		return nil, &tooLargeError{size, l.max}
	}
	return out, nil
}

// objectSize returns the size of the whole object: the total of a
// Content-Range, or the length of an answer that is not a part.
func objectSize(out *s3.GetObjectOutput) int64 {
	if _, total, ok := strings.Cut(aws.ToString(out.ContentRange), "/"); ok {
		if n, err := strconv.ParseInt(total, 10, 64); err == nil {
			return n
		}
	}
	return aws.ToInt64(out.ContentLength)
}
