// Package s3servertest gives tests a real S3 server in two lines:
//
//	func TestMain(m *testing.M) { s3servertest.Main(m) }
//
//	func TestX(t *testing.T) {
//		srv := s3servertest.New(t)
//		bucket := s3servertest.Bucket(t, srv)
//		…
//	}
//
// It is apart from package s3server to keep package testing out of programs.
package s3servertest

import (
	"os"
	"testing"

	"github.com/s3pool/s3pool/internal/s3server"
)

// Main runs the tests of a package that uses [New]. It never returns. A
// package with a TestMain of its own calls s3server.Main first in it instead.
func Main(m *testing.M) {
	s3server.Main()
	os.Exit(m.Run())
}

// New starts a server that ends with the test, and fails the test if it does
// not start or has died.
func New(t testing.TB, optFns ...func(*s3server.Options)) *s3server.Server {
	t.Helper()
	srv, err := s3server.Start(t.Context(), optFns...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// Bucket returns a fresh bucket on srv.
func Bucket(t testing.TB, srv *s3server.Server) string {
	t.Helper()
	bucket, err := srv.Bucket(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// TLS makes the server speak HTTPS. It is an option for [New].
func TLS(o *s3server.Options) { o.TLS = true }

const minioEnv = "S3POOL_MINIO"

// MinIO returns an option for [New] that makes the server a MinIO, if the
// environment variable S3POOL_MINIO names its program. Otherwise it fails the test
// in CI; elsewhere it says how to get one, and the caller makes do without.
func MinIO(t testing.TB) (opt func(*s3server.Options), ok bool) {
	t.Helper()
	path := os.Getenv(minioEnv)
	switch {
	case path != "":
	case os.Getenv("CI") != "":
		t.Fatal(minioEnv + " is not set")
	default:
		t.Log("without MinIO: “make minio” builds one for “make test”; or set " + minioEnv + " to the path of a minio program")
		return nil, false
	}
	return func(o *s3server.Options) { o.MinIO = path }, true
}
