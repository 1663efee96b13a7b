package s3server_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

// point makes the environment name srv.
func point(t *testing.T, srv *s3server.Server, bucket string) {
	t.Helper()
	cfg := srv.Config()
	creds, err := cfg.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	t.Setenv("S3POOL_ENDPOINT", srv.Endpoint())
	t.Setenv("S3POOL_BUCKET", bucket)
	t.Setenv("AWS_ACCESS_KEY_ID", creds.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", creds.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_REGION", cfg.Region)
}

func keys(t *testing.T, client *s3.Client, bucket string) []string {
	t.Helper()
	out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	var names []string
	for _, o := range out.Contents {
		names = append(names, aws.ToString(o.Key))
	}
	return names
}

func upload(t *testing.T, client *s3.Client, bucket, key string) {
	t.Helper()
	_, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: aws.String(bucket),
		Key:    aws.String(key),
	})
	require.NoError(t, err)
}

func TestExternal(t *testing.T) {
	real := s3servertest.New(t)
	point(t, real, "")

	srv, err := s3server.Start(t.Context(), s3servertest.TLS)
	require.NoError(t, err)
	require.True(t, srv.External())
	require.Equal(t, real.Endpoint(), srv.Endpoint())
	require.Empty(t, srv.Prefix())
	for range 2 {
		bucket := s3servertest.Bucket(t, srv)
		roundTrip(t, srv.Client(), bucket, "object", 1000)
		roundTrip(t, srv.Client(), bucket, "dir/object", 1000)
		upload(t, srv.Client(), bucket, "unfinished")
	}
	require.NoError(t, srv.Close())

	out, err := real.Client().ListBuckets(t.Context(), &s3.ListBucketsInput{})
	require.NoError(t, err)
	require.Empty(t, out.Buckets, "left on the other server")
}

func TestExternalBucket(t *testing.T) {
	real := s3servertest.New(t)
	bucket := s3servertest.Bucket(t, real)
	roundTrip(t, real.Client(), bucket, "precious", 10)
	point(t, real, bucket)

	srv, err := s3server.Start(t.Context())
	require.NoError(t, err)
	require.Equal(t, bucket, s3servertest.Bucket(t, srv))
	require.True(t, strings.HasSuffix(srv.Prefix(), "/"), srv.Prefix())
	roundTrip(t, srv.Client(), bucket, srv.Prefix()+"ours", 10)
	upload(t, srv.Client(), bucket, srv.Prefix()+"unfinished")
	upload(t, srv.Client(), bucket, "precious-upload")
	require.NoError(t, srv.Close())

	require.Equal(t, []string{"precious"}, keys(t, real.Client(), bucket))
	uploads, err := real.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	require.Len(t, uploads.Uploads, 1)
	require.Equal(t, "precious-upload", aws.ToString(uploads.Uploads[0].Key))
}

func TestExternalBadEndpoint(t *testing.T) {
	for _, endpoint := range []string{"localhost:9000", "ftp://host", "http://", "http://a b/"} {
		t.Run(endpoint, func(t *testing.T) {
			t.Setenv("S3POOL_ENDPOINT", endpoint)
			_, err := s3server.Start(t.Context())
			require.ErrorContains(t, err, "S3POOL_ENDPOINT")
		})
	}
}
