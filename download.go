package s3pool

import (
	"context"
	"errors"
	"io"
	"math"
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
// retries, errors. Bytes, counts and errors are those of the stock Downloader, and so is
// what a buffer or a file holds after a download that failed. It also runs in the manager's
// goroutines: a WriterAt of the caller's that panics there ends the process, as it does
// with the stock Downloader.
//
// optFns come last and win. An option that sets BufferProvider, to anything but a
// [Provider], gets the stock Downloader with that provider: none of this package's
// buffers are used.
//
// The Downloader's S3 field is a thin wrapper around c (or around what an option
// has put there), by which the Provider learns how long each body is. It also keeps the
// SDK from logging that ranges have no checksum, for each part; a client option of the
// caller's can turn that on again.
//
// A download into an empty manager.WriteAtBuffer makes its capacity when the first bytes
// arrive: the object's size up to 64 MiB, more as more arrives.
//
// NewDownloader panics if there is no client, neither c nor one that an option has set.
func (p *Pool) NewDownloader(c manager.DownloadAPIClient, optFns ...func(*manager.Downloader)) *manager.Downloader {
	p.mem("NewDownloader")
	provider := p.NewProvider()
	d := manager.NewDownloader(c, func(d *manager.Downloader) { d.BufferProvider = provider })
	for _, fn := range optFns {
		fn(d)
	}
	if sdk.IsNil(d.S3) {
		panic("s3pool: NewDownloader: nil client")
	}
	if _, ours := d.BufferProvider.(*Provider); ours {
		d.S3 = sizingClient{d.S3}
	}
	return d
}

// A sizingClient turns the body of every answer into a sizedBody.
type sizingClient struct{ manager.DownloadAPIClient }

// GetObject implements manager.DownloadAPIClient.
func (c sizingClient) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if in != nil && in.Range != nil {
		optFns = append([]func(*s3.Options){withoutChecksumLog}, optFns...) // the caller's come last
	}
	out, err := c.DownloadAPIClient.GetObject(ctx, in, optFns...)
	if err == nil && out != nil && out.Body != nil && out.ContentLength != nil && *out.ContentLength >= 0 {
		out.Body = &sizedBody{ReadCloser: out.Body, client: c.DownloadAPIClient, ctx: ctx, in: in, optFns: optFns, out: out}
	}
	return out, err
}

func withoutChecksumLog(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }

// A sizedBody is a response body that knows its length, and its request. The Downloader of
// NewDownloader sees every body as one.
type sizedBody struct {
	io.ReadCloser

	client manager.DownloadAPIClient
	ctx    context.Context
	in     *s3.GetObjectInput
	optFns []func(*s3.Options)
	out    *s3.GetObjectOutput // ContentLength is there and not negative
}

// again asks for the body once more, after it has been closed with nothing read.
func (b *sizedBody) again() error {
	out, err := b.client.GetObject(b.ctx, b.in, b.optFns...)
	if err != nil {
		return err
	}
	if out == nil || out.Body == nil {
		return errors.New("s3pool: an answer without a body")
	}
	b.ReadCloser = out.Body
	if versionOf(out) != b.version() || aws.ToInt64(out.ContentLength) != *b.out.ContentLength || aws.ToString(out.ContentRange) != aws.ToString(b.out.ContentRange) {
		return errors.New("s3pool: the object changed while its download waited for memory")
	}
	return nil
}

// lengthAtMost returns the size of a buffer for the body: its length and some room to spare,
// or firstBlock if the length is not known, but no more than most.
func (b *sizedBody) lengthAtMost(most int) int {
	if b == nil {
		return min(most, firstBlock)
	}
	if n := *b.out.ContentLength; n < int64(most)-spare {
		return int(n) + spare
	}
	return most
}

// fits returns the length of the body and how many bytes the download will fill in all. ok
// is false if the answer does not say, or says what cannot be.
func (b *sizedBody) fits(c chunk) (n, want int, ok bool) {
	if b == nil {
		return 0, 0, false
	}
	length := *b.out.ContentLength
	if length > math.MaxInt-c.off || length > c.end()-c.off {
		return 0, 0, false
	}
	end := c.off + length
	// The object goes on only behind an answer as long as was asked for.
	if total := totalOf(aws.ToString(b.out.ContentRange)); !c.whole && length == c.size && total > end && total <= math.MaxInt {
		end = total
	}
	return int(length), int(end), true
}

// A version is what tells two versions of an object apart.
type version struct {
	etag, id string
	modified int64
	total    int64
}

// version returns the version of the body's object, or nothing for a body that is not known.
func (b *sizedBody) version() version {
	if b == nil {
		return version{}
	}
	return versionOf(b.out)
}

func versionOf(out *s3.GetObjectOutput) version {
	v := version{etag: aws.ToString(out.ETag), id: aws.ToString(out.VersionId), total: totalOf(aws.ToString(out.ContentRange))}
	if out.LastModified != nil {
		v.modified = out.LastModified.UnixNano()
	}
	return v
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
