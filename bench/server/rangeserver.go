package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func (t *Target) startRange(opts Options) error {
	report, stop, err := spawn(childConfig{TLS: opts.TLS, Keep: opts.KeepUploads})
	if err != nil {
		return err
	}
	// The SDK's own transport, as users have it.
	transport := awshttp.NewBuildableClient().GetTransport()
	if opts.TLS {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(report.Cert)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	credentials := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "testtest"}
	t.Bucket = "bench"
	t.close = func() error {
		transport.CloseIdleConnections()
		return stop()
	}
	t.newClient = func(optFns ...func(*s3.Options)) *s3.Client {
		return s3.New(s3.Options{
			BaseEndpoint: aws.String(t.Scheme + "://" + report.Addr),
			UsePathStyle: true,
			Region:       "us-east-1",
			HTTPClient:   &http.Client{Transport: transport},
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return credentials, nil
			}),
		}, optFns...)
	}
	return nil
}
