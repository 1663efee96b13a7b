package rival

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/s3pool/s3pool/bench/server"
)

// newTM returns a transfermanager that gets objects by ranges. By parts, as it does
// unless told, it is slower still, and an object that was uploaded in one part is
// one request.
func newTM(scene *Scene) *transfermanager.Client {
	return transfermanager.New(scene.Target.Client(withoutChecksums), func(o *transfermanager.Options) {
		o.GetObjectType = tmtypes.GetObjectRanges
	})
}

func openTM(ctx context.Context, scene *Scene) (func(context.Context) (io.ReadCloser, error), error) {
	in, err := object(ctx, scene)
	if err != nil {
		return nil, err
	}
	client := newTM(scene)
	return func(ctx context.Context) (io.ReadCloser, error) {
		out, err := client.GetObject(ctx, &transfermanager.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
		if err != nil {
			return nil, err
		}
		return io.NopCloser(out.Body), nil
	}, nil
}

// openMinio gets objects with that number of ranges in flight; zero means as
// minio-go does unless told, in one request.
func openMinio(workers uint) opener {
	return func(ctx context.Context, scene *Scene) (func(context.Context) (io.ReadCloser, error), error) {
		in, err := object(ctx, scene)
		if err != nil {
			return nil, err
		}
		wire, err := scene.Target.Wire(ctx)
		if err != nil {
			return nil, err
		}
		client, err := NewMinio(wire)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (io.ReadCloser, error) {
			return client.GetObject(ctx, *in.Bucket, *in.Key, minio.GetObjectOptions{ParallelWorkers: int(workers)})
		}, nil
	}
}

// NewMinio returns a minio-go client of a server.
func NewMinio(wire server.Wire) (*minio.Client, error) {
	u, err := url.Parse(wire.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	secure := u.Scheme == "https"
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	if len(wire.Cert) > 0 {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(wire.Cert)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	c := wire.Credentials
	return minio.New(u.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
		Secure:       secure,
		Transport:    transport,
		Region:       wire.Region,
		BucketLookup: minio.BucketLookupPath,
	})
}
