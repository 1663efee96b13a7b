package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// newClient returns a client as the environment configures it.
func newClient(ctx context.Context) (*s3.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithDefaultRegion("us-east-1"),
		config.WithHTTPClient(transfer.NewHTTPClient()))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		if endpoint := os.Getenv("S3POOL_ENDPOINT"); endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = aws.String(endpoint), true
		}
	}), nil
}

// A location is s3://bucket/key.
type location struct{ bucket, key string }

// parseLocation reports whether s is meant to be a location, which may lack a key.
func parseLocation(s string) (location, bool) {
	rest, ok := strings.CutPrefix(s, "s3://")
	if !ok {
		return location{}, false
	}
	bucket, key, _ := strings.Cut(rest, "/")
	return location{bucket, key}, true
}

func (l location) String() string { return "s3://" + l.bucket + "/" + l.key }

func (l location) input(byteRange string) *s3.GetObjectInput {
	in := &s3.GetObjectInput{Bucket: aws.String(l.bucket), Key: aws.String(l.key)}
	if byteRange != "" {
		in.Range = aws.String("bytes=" + strings.TrimPrefix(byteRange, "bytes="))
	}
	return in
}
