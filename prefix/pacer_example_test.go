package prefix_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

func ExamplePacer() {
	// An S3 that serves ten writes at once and a hundred per second.
	srv := s3test.NewServer(func(o *s3test.ServerOptions) {
		o.Partitions = s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.Writes = 100 })
	})
	defer srv.Close()
	srv.CreateBucket("bucket", false)

	pacer := prefix.NewPacer()
	client := srv.Client(pacer.Attach) // or s3.NewFromConfig(cfg, pacer.Attach)
	fmt.Println(pacer)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	var failed atomic.Int64
	for i := range 200 {
		wg.Go(func() {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{
				Bucket: aws.String("bucket"),
				Key:    aws.String(fmt.Sprintf("logs/%d", i)),
				Body:   strings.NewReader("..."),
			})
			if err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	fmt.Println(failed.Load(), "failed")
	for _, s := range pacer.Stats() {
		fmt.Println("paced:", s.Bucket, s.Write)
		break
	}
	// Output:
	// nothing has been refused
	// 0 failed
	// paced: bucket true
}

func ExampleNewRetryer() {
	client := s3test.New().Client(func(o *s3.Options) {
		o.Retryer = prefix.NewRetryer(o.Retryer, func(o *prefix.RetryOptions) { o.MaxThrottles = 20 })
	})
	fmt.Println(client.Options().Retryer.MaxAttempts())
	// Output: 23
}
