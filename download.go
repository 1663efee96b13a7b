package s3pool

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/sdk"
)

// NewDownloader returns a manager.Downloader that uses the buffers of
// [DefaultPool]. Use it instead of manager.NewDownloader:
//
//	downloader := s3pool.NewDownloader(client)
//
// See [Pool.NewDownloader].
func NewDownloader(c manager.DownloadAPIClient, optFns ...func(*manager.Downloader)) *manager.Downloader {
	return DefaultPool().NewDownloader(c, optFns...)
}

// NewDownloader returns a manager.Downloader that uses the buffers of p, through
// a [Provider]. Everything else is the manager's own: part size, concurrency,
// retries, errors. optFns come last and win; one that sets BufferProvider gets
// the stock Downloader with that provider.
//
// The Downloader's S3 field is a thin wrapper around c (or around what an option
// has put there), by which the Provider learns how long each body is.
//
// A download into an empty manager.WriteAtBuffer makes it as long as the object
// before the first byte arrives. After a failed download its contents are
// undefined, as they are with the stock Downloader.
//
// NewDownloader panics if c is nil.
func (p *Pool) NewDownloader(c manager.DownloadAPIClient, optFns ...func(*manager.Downloader)) *manager.Downloader {
	p.mem("NewDownloader")
	if sdk.IsNil(c) {
		panic("s3pool: NewDownloader: nil client")
	}
	provider := p.NewProvider()
	d := manager.NewDownloader(c, func(d *manager.Downloader) { d.BufferProvider = provider })
	for _, fn := range optFns {
		fn(d)
	}
	if _, ours := d.BufferProvider.(*Provider); ours && d.S3 != nil {
		d.S3 = sizingClient{d.S3}
	}
	return d
}

// A sizingClient turns the body of every answer into a sizedBody.
type sizingClient struct{ manager.DownloadAPIClient }

// GetObject implements manager.DownloadAPIClient.
func (c sizingClient) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := c.DownloadAPIClient.GetObject(ctx, in, optFns...)
	if err == nil && out != nil && out.Body != nil && out.ContentLength != nil && *out.ContentLength >= 0 {
		out.Body = &sizedBody{
			ReadCloser: out.Body,
			ctx:        ctx,
			length:     *out.ContentLength,
			total:      totalOf(aws.ToString(out.ContentRange)),
		}
	}
	return out, err
}

// totalOf returns the object's size from a Content-Range (RFC 9110, section
// 14.4), "bytes 0-9/100", or 0 if it is not there.
func totalOf(contentRange string) int64 {
	_, total, _ := strings.Cut(contentRange, "/")
	n, err := strconv.ParseInt(total, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
