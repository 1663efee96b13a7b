package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
	"github.com/s3pool/s3pool/prefix"
)

// TestSpread: shards are listed as the server lists the same keys without shards.
// The keys are such as every server takes: no key is a directory of another.
func TestSpread(t *testing.T) {
	t.Setenv("S3POOL_ENDPOINT", "")
	layouts := map[string][]prefix.Layout{
		"shards":        {{Shards: 10}},
		"more shards":   {{Shards: 32}, {Shards: 10}},
		"once plain":    {{Template: "v2/{shard}/{key}", Shards: 10}, {}},
		"in the prefix": {{Template: "logs/{shard}/{key}", Shards: 4}, {Template: "logs/{key}"}},
	}
	for _, sv := range servers(t) {
		if sv.tls {
			continue // which makes no difference here
		}
		t.Run(sv.name, func(t *testing.T) {
			srv := s3servertest.New(t, sv.opts...)
			c := srv.Client()
			keys := spreadKeys()
			plain := s3servertest.Bucket(t, srv)
			for _, key := range keys {
				putEmpty(t, c, plain, key)
			}
			for name, l := range layouts {
				t.Run(name, func(t *testing.T) {
					s, err := prefix.NewSpread(l[0], l[1:]...)
					require.NoError(t, err)
					bucket := s3servertest.Bucket(t, srv)
					for i, key := range keys { // each in one layout, some in all
						for g, place := range s.Lookup(key) {
							if g == i%len(l) || i%7 == 0 {
								putEmpty(t, c, bucket, place)
							}
						}
					}
					testSpreadLists(t, c, s, plain, bucket)
				})
			}
		})
	}
}

func testSpreadLists(t *testing.T, c *s3.Client, s *prefix.Spread, plain, bucket string) {
	for _, in := range []s3.ListObjectsV2Input{
		{},
		{MaxKeys: aws.Int32(3)},
		{Prefix: aws.String("20261122/")},
		{Delimiter: aws.String("/")},
		{Delimiter: aws.String("/"), Prefix: aws.String("20261122/"), MaxKeys: aws.Int32(1)},
		{StartAfter: aws.String("20261122/host-1/3.log")},
		{StartAfter: aws.String("20261121/host-2/4.log"), Prefix: aws.String("2026"), MaxKeys: aws.Int32(5)},
	} {
		about := fmt.Sprintf("prefix %q, delimiter %q, start after %q, pages of %d", aws.ToString(in.Prefix),
			aws.ToString(in.Delimiter), aws.ToString(in.StartAfter), aws.ToInt32(in.MaxKeys))
		in.Bucket = &plain
		var want []string
		for p := s3.NewListObjectsV2Paginator(c, &in); p.HasMorePages(); {
			page, err := p.NextPage(t.Context())
			require.NoError(t, err)
			for _, o := range page.Contents {
				want = append(want, *o.Key)
			}
			for _, p := range page.CommonPrefixes {
				want = append(want, *p.Prefix)
			}
		}
		slices.Sort(want)

		in.Bucket = &bucket
		var got []string
		for n := -1; n != len(got); { // in pieces of four
			n = len(got)
			for e, err := range s.List(t.Context(), c, &in) {
				require.NoError(t, err, about)
				got = append(got, e.Key)
				in.ContinuationToken = aws.String(e.Position())
				if len(got) == n+4 {
					break
				}
			}
		}
		require.NotEmpty(t, want, about)
		require.Equal(t, want, got, about)
	}
}

func spreadKeys() []string {
	keys := []string{"a b", "a+b", "a%41", "a-b/c", "a/b", "ä/ö", "日本/🎈", "z", strings.Repeat("k", 250) + "/" + strings.Repeat("k", 250)}
	for day := 20261121; day <= 20261122; day++ {
		for host := range 3 {
			for file := range 5 {
				keys = append(keys, fmt.Sprintf("%d/host-%d/%d.log", day, host, file))
			}
		}
	}
	return keys
}

func putEmpty(t *testing.T, c *s3.Client, bucket, key string) {
	t.Helper()
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key})
	require.NoError(t, err)
}
