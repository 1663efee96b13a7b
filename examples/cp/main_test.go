package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
	"github.com/s3pool/s3pool/s3test"
)

func TestMain(m *testing.M) {
	s3server.Main()
	goleak.VerifyTestMain(m)
}

// start makes the environment that of a user with a real S3, through a proxy that
// does what script says. It returns where objects may be put.
func start(t *testing.T, script s3test.Script) (*s3test.Proxy, string) {
	t.Helper()
	srv := s3servertest.New(t)
	bucket := s3servertest.Bucket(t, srv)
	proxy := s3test.NewProxy(srv.Endpoint(), script)
	t.Cleanup(proxy.Close)
	creds, err := srv.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	for name, value := range map[string]string{
		"S3POOL_ENDPOINT":       proxy.URL,
		"AWS_ACCESS_KEY_ID":     creds.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": creds.SecretAccessKey,
		"AWS_SESSION_TOKEN":     "",
		"AWS_PROFILE":           "",
		"AWS_REGION":            srv.Config().Region,
	} {
		t.Setenv(name, value)
	}
	return proxy, "s3://" + bucket + "/" + srv.Prefix()
}

// cp runs the command and returns what it prints. Its idle connections end when the
// test closes the proxy.
func cp(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	return pipe(ctx, nil, args...)
}

// pipe is cp with something on its standard input.
func pipe(ctx context.Context, stdin []byte, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	in, w := io.Pipe()
	go func() { w.Write(stdin); w.Close() }()
	defer in.Close()
	err = command(ctx, args, in, &out, &errs)
	return out.String(), errs.String(), err
}

func writeFile(t *testing.T, path string, n int) []byte {
	t.Helper()
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return data
}

// requireFiles requires that dir has these files and no other.
func requireFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	require.Len(t, names, len(files), "%v", names)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s has %d bytes, not the %d of the object", name, len(got), len(want))
	}
}

func TestThereAndBack(t *testing.T) {
	_, s3 := start(t, nil)
	for _, size := range []int{0, 1, 8<<20 + 1, 21<<20 + 7} {
		src, dst := filepath.Join(t.TempDir(), "src"), filepath.Join(t.TempDir(), "dst")
		const verified = "verified by the CRC64NVME of the object"
		data := writeFile(t, src, size)

		stdout, stderr, err := cp(t.Context(), src, s3+"a/b")
		require.NoError(t, err)
		require.Empty(t, stdout)
		require.Regexp(t, `^s3://.*/a/b: \d+ bytes, ETag ".*", CRC64NVME \S+\n$`, stderr)

		stdout, stderr, err = cp(t.Context(), s3+"a/b", dst)
		require.NoError(t, err)
		require.Empty(t, stdout)
		require.Contains(t, stderr, verified)
		requireFiles(t, filepath.Dir(dst), map[string][]byte{"dst": data})

		stdout, stderr, err = cp(t.Context(), s3+"a/b", "-")
		require.NoError(t, err)
		require.True(t, stdout == string(data), "%d bytes on standard output", len(stdout))
		require.Contains(t, stderr, verified)

		_, stderr, err = pipe(t.Context(), data, "-", s3+"c")
		require.NoError(t, err)
		require.Contains(t, stderr, fmt.Sprintf("/c: %d bytes, ", size))
		stdout, _, err = cp(t.Context(), s3+"c", "-")
		require.NoError(t, err)
		require.True(t, stdout == string(data), "%d bytes on standard output", len(stdout))
	}
	_, _, err := pipe(t.Context(), nil, "-", s3)
	require.ErrorContains(t, err, "has no name")
}

func TestNames(t *testing.T) {
	_, s3 := start(t, nil)
	data := writeFile(t, filepath.Join(t.TempDir(), "unused"), 100)
	dir := t.TempDir()
	src := filepath.Join(t.TempDir(), "name")
	require.NoError(t, os.WriteFile(src, data, 0o600))

	_, _, err := cp(t.Context(), src, s3+"prefix/")
	require.NoError(t, err)
	_, _, err = cp(t.Context(), s3+"prefix/name", dir)
	require.NoError(t, err)
	requireFiles(t, dir, map[string][]byte{"name": data})

	_, stderr, err := cp(t.Context(), "-r", "10-19", s3+"prefix/name", filepath.Join(dir, "name"))
	require.NoError(t, err)
	require.Contains(t, stderr, "10 bytes, not verified: a range of the object was asked for")
	requireFiles(t, dir, map[string][]byte{"name": data[10:20]})

	if runtime.GOOS != "windows" {
		_, _, err = cp(t.Context(), s3+"prefix/name", os.DevNull)
		require.ErrorContains(t, err, "no regular file")
		link := filepath.Join(t.TempDir(), "link")
		require.NoError(t, os.Symlink(filepath.Join(dir, "name"), link))
		_, _, err = cp(t.Context(), s3+"prefix/name", link)
		require.NoError(t, err)
		requireFiles(t, dir, map[string][]byte{"name": data})
		info, err := os.Stat(filepath.Join(dir, "name"))
		require.NoError(t, err)
		require.NotZero(t, info.Mode()&0o400)
	}
}

// TestFailuresLeaveNothing: no temporary file, and the old one as it was.
func TestFailuresLeaveNothing(t *testing.T) {
	proxy, s3 := start(t, nil)
	src := filepath.Join(t.TempDir(), "src")
	writeFile(t, src, 3<<20)
	_, _, err := cp(t.Context(), src, s3+"key")
	require.NoError(t, err)
	dir := t.TempDir()
	dst := filepath.Join(dir, "dst")
	old := writeFile(t, dst, 10)

	proxy.SetScript(s3test.Always(s3test.Flip(2 << 20)))
	_, _, err = cp(t.Context(), s3+"key", dst)
	require.ErrorIs(t, err, transfer.ErrIntegrity)
	require.Equal(t, exitFailed, exitCode(t.Context(), err))
	requireFiles(t, dir, map[string][]byte{"dst": old})
	_, _, err = cp(t.Context(), s3+"key", "-")
	require.ErrorIs(t, err, transfer.ErrIntegrity)

	proxy.SetScript(nil)
	_, _, err = cp(t.Context(), s3+"none", dst)
	require.ErrorContains(t, err, "NoSuchKey")
	requireFiles(t, dir, map[string][]byte{"dst": old})
	_, _, err = cp(t.Context(), filepath.Join(dir, "none"), s3+"key")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = cp(t.Context(), dir, s3+"key")
	require.ErrorContains(t, err, "no regular file")
	_, _, err = cp(t.Context(), s3+"key", filepath.Join(dir, "none", "dst"))
	require.ErrorIs(t, err, os.ErrNotExist)

	ctx, interrupt := context.WithCancel(t.Context())
	proxy.SetScript(func(*http.Request, int) s3test.Fault {
		return s3test.Join(s3test.Before(func(*http.Request) { interrupt() }), s3test.Stall(1<<20, 0))
	})
	_, _, err = cp(ctx, s3+"key", dst)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, exitInterrupted, exitCode(ctx, err))
	requireFiles(t, dir, map[string][]byte{"dst": old})
}

// TestUsage: what makes no sense exits with 2, and says what is missing or too much.
func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"":                       "the source and the destination are missing",
		"a":                      "the destination is missing, where a is to go",
		"a b c":                  `"c" is too much`,
		"a b":                    "s3://bucket/key",
		"s3://a/b s3://c/d":      "the other a file",
		"s3://a file":            "the key is missing in s3://a/",
		"s3:///k file":           "the bucket is missing",
		"file s3://":             "the bucket is missing",
		"-x a s3://b/c":          "-x",
		"-r 0-1 file s3://b/key": "-r is for downloads",
	} {
		_, _, err := cp(t.Context(), strings.Fields(args)...)
		require.ErrorIs(t, err, errUsage, "%q", args)
		require.ErrorContains(t, err, want, "%q", args)
		require.Equal(t, exitUsage, exitCode(t.Context(), err))
	}
	_, stderr, err := cp(t.Context(), "-help")
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Contains(t, stderr, "usage: cp [-r bytes] s3://bucket/key")
	require.Contains(t, stderr, "0-1023")
	require.Equal(t, exitUsage, exitCode(t.Context(), err))
	require.Zero(t, exitCode(t.Context(), nil))
	require.Equal(t, exitFailed, exitCode(t.Context(), errors.New("x")))
}

// TestOneLine: an error of S3's is one line with the object, the code and the request.
func TestOneLine(t *testing.T) {
	_, s3 := start(t, nil)
	_, _, err := cp(t.Context(), s3+"none", filepath.Join(t.TempDir(), "file"))
	require.Regexp(t, `^`+s3+`none: NoSuchKey: [^\n]+ \(status 404, request [^\n]*\)$`, oneLine(err))
	require.Equal(t, "a b", oneLine(errors.New("a\n\tb")))
}

func TestProgress(t *testing.T) {
	var seen, unseen bytes.Buffer
	bar := newProgress(&seen, "s3://bucket/key", true)
	bar.set(0, 0) // an empty object
	bar.clear()
	require.Empty(t, seen.String())
	bar.set(5<<20, 10<<20)
	require.Contains(t, seen.String(), "s3://bucket/key  50%")
	bar.clear()

	bar = newProgress(&unseen, "s3://bucket/key", false)
	bar.set(5<<20, 10<<20)
	bar.clear()
	require.Empty(t, unseen.String())
}
