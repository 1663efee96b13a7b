package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/gateway"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/transfer"
)

// embeddedBucket is the bucket of the embedded S3.
const embeddedBucket = "lfs"

// openStore opens the database.
func (e *env) openStore(optFns ...func(*store.Options)) (*store.Store, error) {
	dsn := e.common.Database
	if dsn == "" {
		if err := os.MkdirAll(e.common.Dir, 0o700); err != nil {
			return nil, err
		}
		dsn = "sqlite:" + filepath.Join(e.common.Dir, "lfs.db")
	}
	return store.Open(e.ctx, dsn, optFns...)
}

// openAuth opens the users: of a file, or of the database.
func (e *env) openAuth(s *store.Store) (*auth.Users, error) {
	if e.common.Users == "" {
		return auth.NewUsers(s), nil
	}
	f, err := auth.OpenFile(e.common.Users)
	if err != nil {
		return nil, err
	}
	return auth.NewUsers(f), nil
}

// openKeys opens the signing keys, and makes those of the directory at the first start.
func (e *env) openKeys() (*auth.Keys, error) {
	path := e.common.Keys
	if path == "" {
		if err := os.MkdirAll(e.common.Dir, 0o700); err != nil {
			return nil, err
		}
		path = filepath.Join(e.common.Dir, "keys.json")
		if err := auth.MakeKeys(path); err != nil {
			return nil, err
		}
	}
	return auth.OpenKeys(path)
}

// An s3Deps is S3 and what a server keeps an eye on.
type s3Deps struct {
	content *content.Content
	client  *transfer.Client
	pool    *s3pool.Pool
	pacer   *prefix.Pacer
	gateway *gateway.Gateway // nil if S3 is somewhere else
}

// closeTimeout bounds the wait for multipart uploads that are being aborted. With the server's
// own time to shut down it must fit into what terminationGracePeriodSeconds has above the
// drain's maximum.
const closeTimeout = 30 * time.Second

// close waits for uploads that are being aborted behind requests whose clients have gone, and
// ends the embedded S3. What could not be aborted is left for the janitor.
func (d *s3Deps) close(log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := d.client.Close(ctx); err != nil {
		log.Warn("uploads were left for the janitor", "error", err)
	}
	if d.gateway != nil {
		return d.gateway.Stop()
	}
	return nil
}

// openS3 connects to S3, or starts the embedded one.
func (e *env) openS3() (_ *s3Deps, err error) {
	d := &s3Deps{
		pool:  s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = int64(e.common.Memory) }),
		pacer: prefix.NewPacer(),
	}
	opts := []func(*config.LoadOptions) error{config.WithHTTPClient(transfer.NewHTTPClient())}
	endpoint, bucket, pathStyle := e.common.S3Endpoint, e.common.S3Bucket, e.common.S3PathStyle
	if bucket == "" {
		if endpoint != "" {
			return nil, errors.New("--s3-endpoint needs --s3-bucket")
		}
		if d.gateway, err = gateway.Start(e.ctx, filepath.Join(e.common.Dir, "s3")); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, d.gateway.Stop())
			}
		}()
		endpoint, bucket, pathStyle = d.gateway.Endpoint, embeddedBucket, true
		opts = append(opts, config.WithRegion(gateway.Region), config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(d.gateway.AccessKey, d.gateway.SecretKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(e.ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	cfg.Region = cmp.Or(cfg.Region, gateway.Region)
	api := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	}, d.pacer.Attach)
	if d.gateway != nil {
		if err := makeBucket(e.ctx, api, bucket); err != nil {
			return nil, err
		}
	}
	d.client = transfer.New(api, func(o *transfer.Options) { o.Pool = d.pool })
	d.content = content.New(api, d.client, bucket, e.common.S3Prefix)
	return d, nil
}

func makeBucket(ctx context.Context, api *s3.Client, bucket string) error {
	_, err := api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	if e, ok := errors.AsType[smithy.APIError](err); ok && (e.ErrorCode() == "BucketAlreadyOwnedByYou" || e.ErrorCode() == "BucketAlreadyExists") {
		return nil
	}
	return err
}
