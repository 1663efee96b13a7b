package transfer_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/transfer"
)

// A program that makes its configuration with config.LoadDefaultConfig passes
// config.WithHTTPClient(transfer.NewHTTPClient()).
func ExampleNewHTTPClient() {
	const transfers = 200
	cfg := aws.Config{
		Region: "eu-central-1",
		HTTPClient: transfer.NewHTTPClient(func(o *transfer.HTTPClientOptions) {
			o.Connections = transfers * 5 // five requests each, Options.Concurrency
		}),
	}
	client := transfer.New(s3.NewFromConfig(cfg))
	fmt.Println(client != nil)
	// Output: true
}
