package e2e

import (
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/internal/s3server"
)

// onBoth runs a test on either database.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("db=sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "lfs.db")) })
	t.Run("db=postgres", func(t *testing.T) { test(t, pgtest.Shared(t).Database(t)) })
}

// A cluster is what replicas share: a database, S3, keys, and the users ann and bob, whose
// passwords are their names.
type cluster struct {
	t      testing.TB
	env    []string // of AWS
	args   []string
	dsn    string
	dir    string
	s3     *s3.Client
	bucket string
}

func newCluster(t testing.TB, dsn string) *cluster {
	t.Helper()
	srv, err := s3server.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { srv.Close() })
	bucket, err := srv.Bucket(t.Context())
	require.NoError(t, err)
	creds, err := srv.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	c := &cluster{t: t, dsn: dsn, dir: t.TempDir(), s3: srv.Client(), bucket: bucket}
	c.env = []string{"AWS_ACCESS_KEY_ID=" + creds.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + creds.SecretAccessKey, "AWS_REGION=us-east-1"}
	c.args = []string{"--dir", c.dir, "--database", dsn, "--s3-endpoint", srv.Endpoint(), "--s3-bucket", bucket, "--s3-path-style"}
	for _, user := range []string{"ann", "bob"} {
		c.run(user+"\n", "user", user)
		c.run("", "grant", user, "acme/*", "write")
	}
	return c
}

// run runs a command of the program to its end.
func (c *cluster) run(stdin string, args ...string) string {
	c.t.Helper()
	out, err := command(c.t, c.env, stdin, append(args, c.args...)...)
	require.NoError(c.t, err)
	return out
}

// replica starts one.
func (c *cluster) replica(args ...string) *program {
	c.t.Helper()
	return run(c.t, c.env, local(c.dir, append(c.args, args...)...)...)
}

// lfsURL is a repository's for a user, at an address.
func lfsURL(user, addr, repo string) string {
	return "http://" + user + ":" + user + "@" + addr + "/" + repo + "/info/lfs"
}

// requireOnce fails unless a repository has as many objects as were pushed to it, each of them
// is in S3 once and whole, and nothing else is there but spare copies, which gc removes. A
// replica that was killed may have left one for each upload that was under way.
func (c *cluster) requireOnce(repo string, objects, spare int) {
	c.t.Helper()
	s, err := store.Open(c.t.Context(), c.dsn)
	require.NoError(c.t, err)
	defer s.Close()
	r, err := s.Repository(c.t.Context(), repo)
	require.NoError(c.t, err)
	ours, err := s.AllObjects(c.t.Context(), r.ID, "", objects+1)
	require.NoError(c.t, err)
	require.Len(c.t, ours, objects, "rows")
	var bytes int64
	for _, o := range ours {
		require.Equal(c.t, store.OK, o.State)
		bytes += o.Size
	}
	require.Equal(c.t, bytes, r.Bytes, "the sum of the sizes")

	all, err := s.AllObjects(c.t.Context(), "", "", 1<<20)
	require.NoError(c.t, err)
	keys := c.keys()
	for _, o := range all {
		require.Equal(c.t, o.Size, keys[o.Key], "the content of %s", o.OID)
	}
	require.LessOrEqual(c.t, len(keys)-len(all), spare, "copies that no row names")
	c.run("", "gc", "--copy-grace", "0s")
	require.Len(c.t, c.keys(), len(all), "after gc")
}

// keys lists what is in S3, with the sizes.
func (c *cluster) keys() map[string]int64 {
	c.t.Helper()
	keys := map[string]int64{}
	for pages := s3.NewListObjectsV2Paginator(c.s3, &s3.ListObjectsV2Input{Bucket: &c.bucket}); pages.HasMorePages(); {
		page, err := pages.NextPage(c.t.Context())
		require.NoError(c.t, err)
		for _, o := range page.Contents {
			keys[aws.ToString(o.Key)] = aws.ToInt64(o.Size)
		}
	}
	return keys
}
