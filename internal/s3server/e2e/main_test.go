package e2e_test

import (
	"os"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

const (
	mib = 1 << 20

	// partSize is that of the client under test, so that ranges happen. Uploads
	// have parts of uploadPart, the least that S3 takes.
	partSize   = mib
	uploadPart = 5 * mib
)

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		victim()
	}
	s3server.Main()
	direct.Off = os.Getenv("S3POOL_DIRECT") == "off"
	goleak.VerifyTestMain(m)
}

var tests = []struct {
	name string
	run  func(*testing.T, *store)
}{
	{"sizes", testSizes},
	{"checksums", testChecksums},
	{"broken", testBroken},
	{"ranges", testRanges},
	{"parts", testPartNumber},
	{"errors", testErrors},
	{"keys", testKeys},
	{"ssec", testSSEC},
	{"versions", testVersions},
	{"overwrite", testOverwrite},
	{"serve", testServe},
	{"curl", testCurl},
	{"uploads", testUploads},
	{"uploads without checksum", testUploadsWithoutChecksum},
	{"failing uploads", testUploadsFail},
	{"killed upload", testKilled},
}

// TestClient runs every test on every server. The servers are ours, whatever the
// environment names: it is their traits that we know.
func TestClient(t *testing.T) {
	t.Setenv("S3POOL_ENDPOINT", "")
	for _, sv := range servers(t) {
		t.Run(sv.name, func(t *testing.T) {
			srv := s3servertest.New(t, sv.opts...)
			s := &store{Server: srv, bucket: s3servertest.Bucket(t, srv), tls: sv.tls, traits: sv.traits}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) { test.run(t, s) })
			}
		})
	}
}

// A server is one to be started, and what is known about it.
type server struct {
	name   string
	tls    bool
	opts   []func(*s3server.Options)
	traits traits
}

// servers returns those that there are on this machine.
func servers(t *testing.T) []server {
	list := []server{
		{"versitygw-http", false, nil, versitygw},
		{"versitygw-https", true, []func(*s3server.Options){s3servertest.TLS}, versitygw},
	}
	if opt, ok := s3servertest.MinIO(t); ok {
		list = append(list,
			server{"minio-http", false, []func(*s3server.Options){opt}, minio},
			server{"minio-https", true, []func(*s3server.Options){opt, s3servertest.TLS}, minio})
	}
	return list
}

// A store is a server that runs, with a bucket.
type store struct {
	*s3server.Server
	traits
	bucket string
	tls    bool
}

// client returns the client under test. Its pool must be idle when the test ends.
func (s *store) client(t *testing.T, optFns ...func(*transfer.Options)) *transfer.Client {
	return newClient(t, s.Client(), optFns...)
}

func newClient(t *testing.T, api *s3.Client, optFns ...func(*transfer.Options)) *transfer.Client {
	pool := s3pool.NewPool()
	t.Cleanup(func() {
		stats := pool.Stats()
		require.Zero(t, stats.Leased, "bytes still leased")
		require.Zero(t, stats.Leaked, "leaked buffers: %v", stats.LeakSites)
	})
	small := func(o *transfer.Options) {
		o.Pool, o.PartSize = pool, partSize
		o.ParallelThreshold, o.MultipartThreshold = partSize, partSize
	}
	return transfer.New(api, append([]func(*transfer.Options){small}, optFns...)...)
}
