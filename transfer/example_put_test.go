package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// A body of any kind will do, one whose length nobody knows included.
func ExampleClient_Put() {
	fake := s3test.New()
	fake.CreateBucket("pictures", false)
	client := transfer.New(fake.Client())

	r, w := io.Pipe()
	go func() {
		fmt.Fprint(w, "a picture of a cat")
		w.Close()
	}()
	out, err := client.Put(context.Background(), &s3.PutObjectInput{
		Bucket:      aws.String("pictures"),
		Key:         aws.String("cat"),
		Body:        r,
		ContentType: aws.String("image/jpeg"),
		IfNoneMatch: aws.String("*"), // not over another
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Written, "bytes,", out.ChecksumAlgorithm, out.ChecksumType)
	// Output: 18 bytes, CRC64NVME FULL_OBJECT
}

// An upload that was interrupted, by whatever, goes on in another process: that has the
// same file and the last token that the first one kept.
func ExampleResumeToken() {
	fake := s3test.New()
	fake.CreateBucket("backups", false)
	client := transfer.New(fake.Client())
	file := strings.NewReader(strings.Repeat("a backup ", 3<<20))
	input := func() *s3.PutObjectInput {
		return &s3.PutObjectInput{Bucket: aws.String("backups"), Key: aws.String("monday"), Body: file}
	}

	ctx, cancel := context.WithCancel(context.Background())
	var kept transfer.ResumeToken // in truth a file, written as JSON
	_, err := client.Put(ctx, input(), func(o *transfer.PutOptions) {
		o.Concurrency = 1
		o.Checkpoint = func(token transfer.ResumeToken) error {
			kept = token
			if len(token.Parts) == 2 {
				cancel() // the plug is pulled
			}
			return nil
		}
	})
	fmt.Println(err != nil, len(kept.Parts), "parts sent")

	fake.ResetRequests()
	out, err := client.Put(context.Background(), input(), func(o *transfer.PutOptions) { o.Resume = &kept })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Parts, "parts,", fake.Counts()["UploadPart"], "of them now")
	// Output:
	// true 2 parts sent
	// 4 parts, 2 of them now
}

// What Open reads, Put writes: a copy from one store to another holds a few parts.
func ExampleClient_Put_copy() {
	here, there := s3test.New(), s3test.New()
	here.Put("bucket", "key", bytes.Repeat([]byte("x"), 20<<20))
	there.CreateBucket("bucket", false)
	ctx := context.Background()

	r, err := transfer.New(here.Client()).Open(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	out, err := transfer.New(there.Client()).Put(ctx, &s3.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("key"), Body: r,
	})
	if err != nil {
		log.Fatal(err)
	}
	v, err := r.Verify()
	fmt.Println(out.Written, "bytes,", v.Verified(), err)
	// Output: 20971520 bytes, true <nil>
}
