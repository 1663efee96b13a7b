package s3test

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// NewClient returns an S3 client that sends its requests to endpoint, an URL,
// through hc. It is set up as config.LoadDefaultConfig would do it, checksums
// included, but for path-style addresses, the region us-east-1 and the static
// credentials "test" and "test". optFns may change all of it.
func NewClient(endpoint string, hc *http.Client, optFns ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint:               aws.String(endpoint),
		HTTPClient:                 hc,
		Region:                     "us-east-1",
		Credentials:                aws.CredentialsProviderFunc(credentials),
		UsePathStyle:               true,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}, optFns...)
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test", Source: "s3test"}, nil
}

// HTTPClient returns an HTTP client that hands every request to s, without a
// socket, whatever its host. See [Transport].
func (s *S3) HTTPClient() *http.Client {
	return &http.Client{Transport: &Transport{Handler: s}}
}

// Client returns a client of s that uses no socket, see [NewClient] and
// [Transport]. It works in a bubble of testing/synctest. Its requests are HTTPS as
// far as the SDK can see, so that it takes bodies that cannot seek, as it does for
// the real S3.
func (s *S3) Client(optFns ...func(*s3.Options)) *s3.Client {
	return NewClient("https://"+Domain, s.HTTPClient(), optFns...)
}
