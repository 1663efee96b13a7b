package s3pool_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// A program that makes its configuration with config.LoadDefaultConfig passes
// config.WithHTTPClient(s3pool.NewHTTPClient()).
func ExampleNewHTTPClient() {
	const transfers = 200
	cfg := aws.Config{
		Region: "eu-central-1",
		HTTPClient: s3pool.NewHTTPClient(func(o *s3pool.HTTPClientOptions) {
			o.Connections = transfers * 5 // five requests each, Options.Concurrency
		}),
	}
	client := s3pool.New(s3.NewFromConfig(cfg))
	fmt.Println(client != nil)
	// Output: true
}
