package server

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/s3server"
)

// ErrScheme is returned by [Start] when S3POOL_ENDPOINT names a server of the
// other scheme.
var ErrScheme = errors.New("S3POOL_ENDPOINT has the other scheme")

func (t *Target) startVersitygw(ctx context.Context, opts Options) error {
	srv, err := s3server.Start(ctx, func(o *s3server.Options) { o.TLS = opts.TLS })
	if err != nil {
		return err
	}
	t.close = srv.Close
	if !strings.HasPrefix(srv.Endpoint(), t.Scheme+"://") {
		return errors.Join(ErrScheme, srv.Close())
	}
	if t.Bucket, err = srv.Bucket(ctx); err != nil {
		return errors.Join(err, srv.Close())
	}
	if srv.External() {
		t.Kind = "s3"
	}
	t.prefix = srv.Prefix()
	t.seeds = true
	t.newClient = func(optFns ...func(*s3.Options)) *s3.Client { return srv.Client(optFns...) }
	return nil
}
