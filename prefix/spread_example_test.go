package prefix_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

func ExampleSpread() {
	ctx := context.Background()
	client := s3test.New().Client() // or s3.NewFromConfig(cfg)
	bucket := aws.String("bucket")
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		log.Fatal(err)
	}

	spread, err := prefix.NewSpread(prefix.Layout{Template: "logs/{shard}/{key}", Shards: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"20261121/host-1", "20261122/host-1", "20261122/host-2", "20261122/host-3"} {
		k, err := spread.Key(key)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(k)}); err != nil {
			log.Fatal(err)
		}
	}

	in := &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("20261122/")}
	for e, err := range spread.List(ctx, client, in) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Key, "is", *e.Object.Key)
	}
	// Output:
	// 20261122/host-1 is logs/8/20261122/host-1
	// 20261122/host-2 is logs/8/20261122/host-2
	// 20261122/host-3 is logs/5/20261122/host-3
}

func ExampleSpread_Lookup() {
	// 16 shards now, 10 before, and once there were none.
	spread, err := prefix.NewSpread(
		prefix.Layout{Template: "v3/{shard}/{key}", Shards: 16},
		prefix.Layout{Template: "v2/{shard}/{key}", Shards: 10},
		prefix.Layout{Template: "v1/{key}"},
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, k := range spread.Lookup("20261122/host-1") {
		fmt.Println(k)
	}
	// Output:
	// v3/4/20261122/host-1
	// v2/8/20261122/host-1
	// v1/20261122/host-1
}

func ExampleSpread_List() {
	ctx := context.Background()
	store := s3test.New()
	spread, err := prefix.NewSpread(prefix.Layout{Shards: 4})
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"a", "b/1", "b/2", "c", "d/1"} {
		k, err := spread.Key(key)
		if err != nil {
			log.Fatal(err)
		}
		store.Put("bucket", k, nil)
	}

	// The directories, two at a time, as a web page would have them.
	in := &s3.ListObjectsV2Input{Bucket: aws.String("bucket"), Delimiter: aws.String("/")}
	for range 2 {
		n := 0
		for e, err := range spread.List(ctx, store.Client(), in) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(e.Key, e.IsPrefix())
			in.ContinuationToken = aws.String(e.Position())
			if n++; n == 2 {
				break
			}
		}
		fmt.Println("--")
	}
	// Output:
	// a false
	// b/ true
	// --
	// c false
	// d/ true
	// --
}
