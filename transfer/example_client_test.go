package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// One client serves the whole program. Yours is on s3.NewFromConfig(cfg); that of
// these examples is on an S3 in memory.
func ExampleClient() {
	fake := s3test.New()
	fake.Put("pictures", "cat", []byte("a picture of a cat"))

	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = 256 << 20 })
	client := transfer.New(fake.Client(), func(o *transfer.Options) { o.Pool = pool })

	picture, err := client.Get(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("pictures"),
		Key:    aws.String("cat"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", picture.Bytes())
	picture.Release()

	// Errors say what they are about, and have the SDK's in them.
	_, err = client.Get(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("pictures"),
		Key:    aws.String("dog"),
	})
	if e, ok := errors.AsType[*transfer.Error](err); ok {
		_, missing := errors.AsType[*types.NoSuchKey](err)
		fmt.Println(e.Op, e.Bucket, e.Key, "missing:", missing)
	}
	fmt.Println(pool.Stats().Leased, "bytes on lease")
	// Output:
	// a picture of a cat
	// Get pictures dog missing: true
	// 0 bytes on lease
}

func ExampleClient_Get() {
	fake := s3test.New()
	fake.Put("pictures", "cat", []byte("a picture of a cat"))
	client := transfer.New(fake.Client())

	picture, err := client.Get(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("pictures"),
		Key:    aws.String("cat"),
	})
	if err != nil {
		log.Fatal(err) // nothing to release
	}
	defer picture.Release() // the bytes are the pool's again

	fmt.Printf("%s\n", picture.Bytes())
	fmt.Println(aws.ToInt64(picture.Output.ContentLength), "bytes,", picture.Verification.Algorithm)
	// Output:
	// a picture of a cat
	// 18 bytes, CRC64NVME
}

// A Reader goes wherever an io.Reader does. Wrong bytes are reported at the end, so
// what has been read is to be trusted only when io.EOF, or io.Copy's nil, has come.
func ExampleClient_Open() {
	fake := s3test.New()
	fake.Put("pictures", "cat", []byte("a picture of a cat"))
	client := transfer.New(fake.Client())

	r, err := client.Open(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("pictures"),
		Key:    aws.String("cat"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close() // at any point, read to the end or not

	n, err := io.Copy(os.Stdout, r)
	fmt.Println()
	fmt.Println(n, "of", r.Size(), "bytes:", err)
	v, err := r.Verify()
	fmt.Println("verified:", v.Verified(), err)
	// Output:
	// a picture of a cat
	// 18 of 18 bytes: <nil>
	// verified: true <nil>
}

// Download writes to any io.WriterAt. After an error a file holds some of the object:
// one that must be whole or not be there is renamed into place.
func ExampleClient_Download() {
	fake := s3test.New()
	fake.Put("backups", "2026-11-21", make([]byte, 40<<20))
	client := transfer.New(fake.Client())

	f, err := os.CreateTemp("", "backup-*.part")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(f.Name()) // or rename it, once the download has succeeded
	defer f.Close()
	out, err := client.Download(context.Background(), f, &s3.GetObjectInput{
		Bucket: aws.String("backups"),
		Key:    aws.String("2026-11-21"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Written>>20, "MiB, verified:", out.Verification.Verified())
	// Output:
	// 40 MiB, verified: true
}

// Options are given to New, for all calls, or to one call.
func ExampleOptions() {
	fake := s3test.New()
	fake.Put("backups", "2026-11-21", make([]byte, 40<<20))
	client := transfer.New(fake.Client(), func(o *transfer.Options) {
		o.PartSize = 4 << 20
		o.Concurrency = 8
	})

	var last transfer.Progress
	object, err := client.Get(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("backups"),
		Key:    aws.String("2026-11-21"),
	}, func(o *transfer.DownloadOptions) {
		o.Progress = func(p transfer.Progress) { last = p }
	})
	if err != nil {
		log.Fatal(err)
	}
	defer object.Release()
	fmt.Printf("%d of %d bytes in %d parts\n", last.Done, last.Total, last.Parts)

	_, err = client.Get(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("backups"),
		Key:    aws.String("2026-11-21"),
	}, func(o *transfer.DownloadOptions) { o.PartSize = -1 })
	fmt.Println(err)
	// Output:
	// 41943040 of 41943040 bytes in 10 parts
	// s3pool: Get "backups/2026-11-21": Options.PartSize is -1; it must not be negative
}

// A program that must know asks. Bytes that do not match are an error, so what is
// left are the cases in which there was nothing to compare with.
func ExampleVerification() {
	fake := s3test.New()
	fake.Put("pictures", "cat", []byte("a picture of a cat"))
	client := transfer.New(fake.Client())

	for _, part := range []*string{nil, aws.String("bytes=0-8")} {
		picture, err := client.Get(context.Background(), &s3.GetObjectInput{
			Bucket: aws.String("pictures"),
			Key:    aws.String("cat"),
			Range:  part,
		})
		if errors.Is(err, transfer.ErrIntegrity) {
			log.Fatal("these are not the bytes that were uploaded: ", err)
		}
		if err != nil {
			log.Fatal(err)
		}
		if v := picture.Verification; v.Verified() {
			fmt.Println("verified:", v.Algorithm, v.Type)
		} else {
			fmt.Println("not verified:", v.Reason)
		}
		picture.Release()
	}
	// Output:
	// verified: CRC64NVME FULL_OBJECT
	// not verified: a range of the object was asked for
}
