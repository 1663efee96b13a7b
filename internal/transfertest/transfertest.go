// Package transfertest makes the clients, stores and inputs that the tests of package
// transfer and of those on top of it share.
package transfertest

import (
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

func NewClient(p *s3pool.Pool, api transfer.API, optFns ...func(*transfer.Options)) *transfer.Client {
	small := func(o *transfer.Options) {
		o.Pool, o.PartSize, o.Concurrency = p, pooltest.Part, 3
		o.ParallelThreshold, o.MultipartThreshold = pooltest.Part, pooltest.Part
	}
	return transfer.New(api, append([]func(*transfer.Options){small}, optFns...)...)
}

// FlipAt changes the byte at an offset of the object, whatever request it is in.
func FlipAt(at int64) s3test.Script {
	return func(r *http.Request, _ int) s3test.Fault {
		var from int64
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		if r.Method != http.MethodGet || at < from {
			return s3test.Fault{}
		}
		return s3test.Flip(at - from)
	}
}

var BoundarySizes = []int{0, 1, 4 * pooltest.KiB, pooltest.Part - 1, pooltest.Part, pooltest.Part + 1, 2*pooltest.Part + 7, 7 * pooltest.Part, 7*pooltest.Part + 1}

// WithFaults returns a client of fake whose requests go wrong as script says. The
// Faults count what the client has read.
func WithFaults(fake *s3test.S3, script s3test.Script) (*s3.Client, *s3test.Faults) {
	f := s3test.NewFaults(fake.HTTPClient().Transport, script)
	return fake.Client(pooltest.Impatient, func(o *s3.Options) { o.HTTPClient = f.HTTPClient() }), f
}

func AnyPart(o *s3test.Options) { o.MinPartSize = 1 }

func Put(body io.Reader) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), Body: body}
}

// NewUploadFake returns an S3 with an empty bucket.
func NewUploadFake(optFns ...func(*s3test.Options)) *s3test.S3 {
	fake := s3test.New(append([]func(*s3test.Options){AnyPart}, optFns...)...)
	fake.CreateBucket("bucket", false)
	return fake
}

// SmallParts lets uploads have parts of less than S3's 5 MiB.
func SmallParts(o *transfer.Options) { o.MinPartSize = 1 }
