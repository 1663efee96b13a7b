package s3test_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/s3test"
)

func Example() {
	fake := s3test.New()
	fake.Put("bucket", "greeting", []byte("hello, world"))

	out, err := fake.Client().GetObject(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("bucket"),
		Key:    aws.String("greeting"),
		Range:  aws.String("bytes=-5"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s (%s)\n", data, *out.ContentRange)

	for _, r := range fake.Requests() {
		fmt.Println(r.Operation, r.Key, r.Range, r.Status)
	}
	// Output:
	// world (bytes 7-11/12)
	// GetObject greeting bytes=-5 206
}

func ExampleNewServer() {
	srv := s3test.NewServer(func(o *s3test.ServerOptions) {
		o.TLS = true
		o.MinPartSize = 1
	})
	defer srv.Close()
	srv.CreateBucket("bucket", false)

	_, err := srv.Client().PutObject(context.Background(), &s3.PutObjectInput{
		Bucket:      aws.String("bucket"),
		Key:         aws.String("key"),
		ContentType: aws.String("text/plain"),
	})
	if err != nil {
		log.Fatal(err)
	}
	o, _ := srv.Object("bucket", "key")
	fmt.Println(o.Key, len(o.Data), o.Header.Get("Content-Type"), o.ChecksumAlgorithm)
	// Output: key 0 text/plain CRC32
}
