package transfer_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// BenchmarkGet compares Get with what a program could do that knows the size: the
// difference in bytes and allocations is ours. For CPU see the bench module, whose
// server is in a process of its own.
func BenchmarkGet(b *testing.B) {
	srv := s3test.NewServer()
	defer srv.Close()
	srv.Put("bucket", "key", pattern(100_000))
	api := srv.Client()
	b.Run("impl=sdk", func(b *testing.B) {
		buf := make([]byte, 100_000)
		c := srv.Client(func(o *s3.Options) { o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired })
		b.ReportAllocs()
		for b.Loop() {
			out, err := c.GetObject(b.Context(), get(""))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(out.Body, buf); err != nil {
				b.Fatal(err)
			}
			out.Body.Close()
		}
	})
	for name, mode := range map[string]transfer.VerifyMode{"unverified": transfer.VerifyNever, "verified": transfer.VerifyAvailable} {
		b.Run("impl="+name, func(b *testing.B) {
			c := transfer.New(api, func(o *transfer.Options) { o.Pool = s3pool.NewPool(); o.Verify = mode })
			b.ReportAllocs()
			for b.Loop() {
				o, err := c.Get(b.Context(), get(""))
				if err != nil {
					b.Fatal(err)
				}
				o.Release()
			}
		})
	}
}

// BenchmarkPut is what a stream of unknown length costs.
func BenchmarkPut(b *testing.B) {
	for _, scheme := range []string{"http", "https"} {
		b.Run("scheme="+scheme, func(b *testing.B) {
			srv := s3test.NewServer(func(o *s3test.ServerOptions) { o.TLS = scheme == "https" })
			defer srv.Close()
			srv.CreateBucket("bucket", false)
			c := transfer.New(srv.Client(), func(o *transfer.Options) { o.Pool = s3pool.NewPool() })
			object := pattern(100_000)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Put(b.Context(), put(plain(bytes.NewReader(object)))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
