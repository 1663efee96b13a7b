package s3server_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

func TestMinIO(t *testing.T) {
	minio, ok := s3servertest.MinIO(t)
	if !ok {
		return
	}
	for name, opts := range map[string][]func(*s3server.Options){"http": nil, "https": {s3servertest.TLS}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			srv, err := s3server.Start(t.Context(), append(opts, minio, in(dir))...)
			require.NoError(t, err)
			defer srv.Close()
			require.Contains(t, srv.String(), "MinIO at "+name+"://127.0.0.1:")

			bucket, err := srv.Bucket(t.Context())
			require.NoError(t, err)
			for _, size := range []int{0, 1, 1 << 20} {
				roundTrip(t, srv.Client(), bucket, "a/b/"+name, size)
			}

			require.NoError(t, srv.Close())
			requireEmpty(t, dir)
			_, err = srv.HTTPClient().Get(srv.Endpoint())
			require.Error(t, err, "a closed server answers")
		})
	}
}

func TestMinIOStartErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := s3server.Start(t.Context(), in(dir), func(o *s3server.Options) { o.MinIO = filepath.Join(dir, "none") })
	require.ErrorContains(t, err, "start MinIO")
	requireEmpty(t, dir)

	minio, ok := s3servertest.MinIO(t)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s3server.Start(ctx, minio, in(dir))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	requireEmpty(t, dir)
}
