package s3server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

// in makes a server keep its directory below a directory of the test.
func in(dir string) func(*s3server.Options) {
	return func(o *s3server.Options) { o.Dir = dir }
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Empty(t, left, "left in the temporary directory")
}

func TestServer(t *testing.T) {
	for name, tc := range map[string]struct {
		scheme string
		opts   []func(*s3server.Options)
	}{
		"http":          {"http://127.0.0.1:", nil},
		"https":         {"https://127.0.0.1:", []func(*s3server.Options){s3servertest.TLS}},
		"http sidecar":  {"http://127.0.0.1:", []func(*s3server.Options){s3server.Sidecar}},
		"https sidecar": {"https://127.0.0.1:", []func(*s3server.Options){s3servertest.TLS, s3server.Sidecar}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			srv, err := s3server.Start(t.Context(), append(tc.opts, in(dir))...)
			require.NoError(t, err)
			defer srv.Close()

			require.True(t, strings.HasPrefix(srv.Endpoint(), tc.scheme), srv.Endpoint())
			require.Contains(t, srv.String(), "versitygw")
			require.Contains(t, srv.String(), srv.Endpoint())
			require.False(t, srv.External())
			require.Empty(t, srv.Prefix())

			bucket, err := srv.Bucket(t.Context())
			require.NoError(t, err)
			other, err := srv.Bucket(t.Context())
			require.NoError(t, err)
			require.NotEqual(t, bucket, other)

			for _, size := range []int{0, 1, 1 << 20} {
				roundTrip(t, srv.Client(), bucket, "a/b/"+name, size)
			}

			require.NoError(t, srv.Close())
			requireEmpty(t, dir)
			require.NoError(t, srv.Close(), "a second Close")
			_, err = srv.HTTPClient().Get(srv.Endpoint())
			require.Error(t, err, "a closed server answers")
		})
	}
}

// roundTrip stores an object with metadata, and reads it back verified.
func roundTrip(t *testing.T, client *s3.Client, bucket, key string, size int) {
	t.Helper()
	want := bytes.Repeat([]byte("s3pool"), size/6+1)[:size]
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket:            aws.String(bucket),
		Key:               aws.String(key),
		Body:              bytes.NewReader(want),
		Metadata:          map[string]string{"colour": "blue"},
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
	})
	require.NoError(t, err)
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	require.NoError(t, err)
	defer out.Body.Close()
	got, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%d bytes come back different", size)
	require.Equal(t, "blue", out.Metadata["colour"])
	require.NotEmpty(t, aws.ToString(out.ChecksumCRC64NVME))
}

func TestKeepAlive(t *testing.T) {
	srv := s3servertest.New(t)
	get := func() bool {
		resp, err := srv.HTTPClient().Get(srv.Endpoint())
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		return resp.Close
	}
	require.False(t, get(), "the server closes connections")
}

func TestTrust(t *testing.T) {
	srv := s3servertest.New(t, s3servertest.TLS)
	stranger := &http.Transport{}
	defer stranger.CloseIdleConnections()
	_, err := (&http.Client{Transport: stranger}).Get(srv.Endpoint())
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
}

func TestServersAreApart(t *testing.T) {
	one, two := s3servertest.New(t), s3servertest.New(t)
	require.NotEqual(t, one.Endpoint(), two.Endpoint())
	bucket := s3servertest.Bucket(t, one)
	_, err := two.Client().HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(bucket)})
	require.ErrorAs(t, err, new(*types.NotFound))
}

func TestStartErrors(t *testing.T) {
	t.Run("child dies", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv(roleEnv, roleCrash)
		_, err := s3server.Start(t.Context(), in(dir))
		require.ErrorContains(t, err, "exit status 7")
		require.ErrorContains(t, err, "the disk is on fire")
		requireEmpty(t, dir)
	})
	t.Run("context ends", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv(roleEnv, roleHang)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := s3server.Start(ctx, in(dir))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireEmpty(t, dir)
	})
	t.Run("no Main", func(t *testing.T) {
		defer s3server.ForgetMain()()
		_, err := s3server.Start(t.Context())
		require.ErrorContains(t, err, "call s3server.Main first")
	})
	t.Run("no directory", func(t *testing.T) {
		_, err := s3server.Start(t.Context(), in(filepath.Join(t.TempDir(), "none")))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestCloseReportsEarlyDeath(t *testing.T) {
	dir := t.TempDir()
	srv, err := s3server.Start(t.Context(), in(dir))
	require.NoError(t, err)
	require.NoError(t, srv.Kill())
	require.ErrorContains(t, srv.Close(), "did not end well")
	requireEmpty(t, dir)
}
