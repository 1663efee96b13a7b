package s3http_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/transfer"
)

// cannedS3 is an API whose answers cost next to nothing, so that what is measured is
// ours.
type cannedS3 struct {
	transfer.API
	out  *s3.GetObjectOutput
	body cannedBody
	got  s3.GetObjectOutput
}

func newCannedS3(size int64) *cannedS3 {
	return &cannedS3{out: &s3.GetObjectOutput{
		ContentLength: aws.Int64(size), ETag: aws.String(`"0123456789abcdef0123456789abcdef"`), LastModified: &served,
		ContentType: aws.String("image/png"), CacheControl: aws.String("max-age=60"), ContentDisposition: aws.String("inline"),
	}, body: cannedBody{size: size}}
}

func (c *cannedS3) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	c.got = *c.out
	c.body.left = c.body.size
	c.got.Body = &c.body
	return &c.got, nil
}

func (*cannedS3) HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return nil, io.ErrUnexpectedEOF
}

type cannedBody struct{ size, left int64 }

func (b *cannedBody) Read(p []byte) (int, error) {
	n := int(min(int64(len(p)), b.left))
	b.left -= int64(n)
	if b.left == 0 {
		return n, io.EOF
	}
	return n, nil
}

func (*cannedBody) Close() error { return nil }

// nullWriter is an http.ResponseWriter that keeps its header map.
type nullWriter struct{ h http.Header }

func (w nullWriter) Header() http.Header         { return w.h }
func (w nullWriter) WriteHeader(int)             {}
func (w nullWriter) Write(p []byte) (int, error) { return len(p), nil }

func serveCanned(tb testing.TB, size int64) func() {
	c := transfer.New(newCannedS3(size), func(o *transfer.Options) { o.Pool = newPool(tb); o.ParallelThreshold = 1 << 40 })
	w := nullWriter{http.Header{}}
	ctx, cancel := context.WithCancel(context.Background()) // as a server's: one that can end
	tb.Cleanup(cancel)
	r := request("GET", "", "Accept", "*/*", "User-Agent", "test").WithContext(ctx)
	in := get("")
	return func() {
		clear(w.h)
		require.NoError(tb, s3http.Serve(w, r, c, in))
	}
}

func BenchmarkServe(b *testing.B) {
	for name, size := range map[string]int64{"1KB": 1000, "10MiB": 10 * mib} {
		b.Run(name, func(b *testing.B) {
			do := serveCanned(b, size)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				do()
			}
		})
	}
}
