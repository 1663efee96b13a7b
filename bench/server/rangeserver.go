package server

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func (t *Target) startRange(opts Options) error {
	report, stop, err := spawn(childConfig{TLS: opts.TLS, Keep: opts.KeepUploads, Link: opts.Link})
	if err != nil {
		return err
	}
	there := Connect(Wire{
		Scheme: t.Scheme, Endpoint: t.Scheme + "://" + report.Addr, Region: "us-east-1", Cert: report.Cert,
		Credentials: aws.Credentials{AccessKeyID: "test", SecretAccessKey: "testtest"},
	})
	t.Bucket = "bench"
	t.newClient = there.newClient
	t.close = func() error { return errors.Join(there.Close(), stop()) }
	return nil
}
