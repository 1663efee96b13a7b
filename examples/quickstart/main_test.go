package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

func TestMain(m *testing.M) {
	s3server.Main()
	goleak.VerifyTestMain(m)
}

var testSpecs = []spec{
	{"empty-ish", 1, 2, 2},
	{"300 KB", 300_000, 1, 1}, // more takes long with the race detector
}

// ownTemp makes the program put its files below a directory of the test, where
// nothing may be left.
func ownTemp(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, dir)
	}
	t.Cleanup(func() {
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		require.Empty(t, left, "left in the temporary directory")
	})
}

func TestRun(t *testing.T) {
	for name, tls := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			ownTemp(t)
			var out, stderr bytes.Buffer
			require.NoError(t, run(t.Context(), testSpecs, tls, &out, &stderr))
			report := out.String()
			require.Empty(t, stderr.String(), "a progress bar without a terminal")
			require.Contains(t, report, "S3: versitygw")
			require.Contains(t, report, name+"://127.0.0.1:")

			// Each object in each way, and two header lines for each of three groups.
			rows := regexp.MustCompile(`(?m)^\|.*\|$`).FindAllString(report, -1)
			require.Len(t, rows, 3*2+len(testSpecs)*(3+2+2), report)
			for _, sp := range testSpecs {
				require.Len(t, regexp.MustCompile(`(?m)^\| *`+regexp.QuoteMeta(sp.name)+` \|`).FindAllString(report, -1), 7, report)
			}
			require.Contains(t, report, "1.00 |")
			require.NotContains(t, report, "NaN")
			aligned(t, report)
		})
	}
}

// aligned requires that a table's lines are of one width.
func aligned(t *testing.T, report string) {
	t.Helper()
	width := 0
	for line := range strings.Lines(report) {
		n := len([]rune(line))
		if strings.HasPrefix(line, "|") {
			require.LessOrEqual(t, n, 81, "a table fits a terminal: %s", line)
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			width = 0
		case width == 0:
			width = n
		default:
			require.Equal(t, width, n, line)
		}
	}
}

func TestWrongBytes(t *testing.T) {
	srv := s3servertest.New(t)
	st := &store{client: srv.Client(), bucket: s3servertest.Bucket(t, srv), dir: t.TempDir()}
	objects, err := st.prepare(t.Context(), testSpecs[1:])
	require.NoError(t, err)
	o := objects[0]

	// The same size, one bit off.
	data, err := os.ReadFile(o.path)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	_, err = st.client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(st.bucket), Key: aws.String(o.key), Body: bytes.NewReader(data),
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(o.path, data, 0o600))

	for _, g := range st.groups() {
		for _, w := range g.ways {
			_, err := measure(t.Context(), []way{w}, o, func(int64) {})
			require.ErrorContains(t, err, "wrong bytes", "%s, %s", g.title, w.name)
			require.ErrorContains(t, err, o.key)
		}
	}

	pool := s3pool.NewPool()
	check, err := st.intoPooledBuffer(pool.NewDownloader(st.client), pool)(t.Context(), o)
	require.NoError(t, err)
	require.Error(t, check())
	require.Zero(t, pool.Stats().Leased, "bytes leased")
}

func TestInterrupted(t *testing.T) {
	ownTemp(t)
	other := s3servertest.New(t)
	creds, err := other.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	t.Setenv("S3POOL_ENDPOINT", other.Endpoint())
	t.Setenv("AWS_ACCESS_KEY_ID", creds.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", creds.SecretAccessKey)
	t.Setenv("AWS_REGION", other.Config().Region)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	srv, err := s3server.Start(ctx)
	require.NoError(t, err)
	st := &store{client: srv.Client(), bucket: s3servertest.Bucket(t, srv), dir: t.TempDir()}
	objects, err := st.prepare(ctx, testSpecs)
	require.NoError(t, err)
	_, err = measureAll(ctx, st.groups(), objects, func(int64) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, srv.Close())
	require.ErrorIs(t, run(ctx, testSpecs, false, new(bytes.Buffer), io.Discard), context.Canceled)

	out, err := other.Client().ListBuckets(t.Context(), &s3.ListBucketsInput{})
	require.NoError(t, err)
	require.Empty(t, out.Buckets, "left in S3")
}

func TestBadFlags(t *testing.T) {
	var stderr bytes.Buffer
	require.Error(t, command(t.Context(), []string{"-nonsense"}, io.Discard, &stderr))
	require.Contains(t, stderr.String(), "-tls")
}

func TestSummarize(t *testing.T) {
	got := summarize([]usage{
		{wall: 1 * time.Second, cpu: 30, bytes: 1, gcs: 0},
		{wall: 9 * time.Second, cpu: 10, bytes: 2, gcs: 0},
		{wall: 2 * time.Second, cpu: 20, bytes: 6, gcs: 3},
	})
	require.Equal(t, usage{wall: 2 * time.Second, cpu: 20, bytes: 3, gcs: 1}, got)
}

func TestFormats(t *testing.T) {
	require.Equal(t, "0.35 ms", duration(351*time.Microsecond))
	require.Equal(t, "27.5 ms", duration(27_500*time.Microsecond))
	require.Equal(t, "10.0 ms", duration(9_999*time.Microsecond))
	require.Equal(t, "2.40 s", duration(2_400*time.Millisecond))
	require.Equal(t, "43.8 KB", size(43_800))
	require.Equal(t, "1547 MB", size(1.547e9))
	require.Equal(t, "0.041", ratio(246, 10))
	require.Equal(t, "24.6", ratio(10, 246))
	require.Equal(t, "?", ratio(0, 10))
}

func TestCPUTimeGrows(t *testing.T) {
	before := cpuTime()
	deadline := time.Now().Add(10 * time.Second)
	for cpuTime() == before {
		require.True(t, time.Now().Before(deadline), "no CPU time in 10 s of work")
	}
}
