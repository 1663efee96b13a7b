package pooltest

import (
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	KiB = 1 << 10
	MiB = 1 << 20

	// Part is the part size of tests.
	Part = 64 * KiB
)

// Pattern returns n bytes, no two stretches of which are alike.
func Pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8*13 + i>>16*31)
	}
	return b
}

// Get asks for the object bucket/key, or a range of it.
func Get(rng string) *s3.GetObjectInput {
	in := &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")}
	if rng != "" {
		in.Range = aws.String(rng)
	}
	return in
}

// Impatient makes the SDK retry at once, and once only.
func Impatient(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

// ReaderFunc is a Read.
type ReaderFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f ReaderFunc) Read(p []byte) (int, error) { return f(p) }

// WriterAtFunc is a WriteAt.
type WriterAtFunc func(p []byte, off int64) (int, error)

// WriteAt implements io.WriterAt.
func (f WriterAtFunc) WriteAt(p []byte, off int64) (int, error) { return f(p, off) }

// Plain returns r with everything hidden but Read.
func Plain(r io.Reader) io.Reader { return struct{ io.Reader }{r} }
