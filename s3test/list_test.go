package s3test_test

import (
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/s3test"
)

func TestListObjects(t *testing.T) {
	s := s3test.New()
	for _, key := range []string{"a", "b/1", "b/2", "b/c/3", "d", "e/", "e/4", "é"} {
		s.Put("b", key, nil)
	}
	c := s.Client()
	tests := map[string]struct {
		set                   func(*s3.ListObjectsV2Input)
		keys, common          []string
		pagesOf1, pagesOfMany int
	}{
		"all":       {func(in *s3.ListObjectsV2Input) {}, []string{"a", "b/1", "b/2", "b/c/3", "d", "e/", "e/4", "é"}, nil, 8, 1},
		"delimiter": {func(in *s3.ListObjectsV2Input) { in.Delimiter = aws.String("/") }, []string{"a", "d", "é"}, []string{"b/", "e/"}, 5, 1},
		"prefix":    {func(in *s3.ListObjectsV2Input) { in.Prefix = aws.String("b/") }, []string{"b/1", "b/2", "b/c/3"}, nil, 3, 1},
		"both": {func(in *s3.ListObjectsV2Input) { in.Prefix, in.Delimiter = aws.String("b/"), aws.String("/") },
			[]string{"b/1", "b/2"}, []string{"b/c/"}, 3, 1},
		"start-after": {func(in *s3.ListObjectsV2Input) { in.StartAfter = aws.String("b/c/3") }, []string{"d", "e/", "e/4", "é"}, nil, 4, 1},
		"start-after inside a common prefix": {func(in *s3.ListObjectsV2Input) {
			in.StartAfter, in.Delimiter = aws.String("b/1"), aws.String("/")
		}, []string{"d", "é"}, []string{"b/", "e/"}, 4, 1},
		"none": {func(in *s3.ListObjectsV2Input) { in.Prefix = aws.String("x") }, nil, nil, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for size, pages := range map[int32]int{1: tt.pagesOf1, 1000: tt.pagesOfMany} {
				in := &s3.ListObjectsV2Input{Bucket: aws.String("b"), MaxKeys: &size}
				tt.set(in)
				var keys, common []string
				n := 0
				for p := s3.NewListObjectsV2Paginator(c, in); p.HasMorePages(); n++ {
					page, err := p.NextPage(t.Context())
					require.NoError(t, err)
					require.EqualValues(t, len(page.Contents)+len(page.CommonPrefixes), *page.KeyCount)
					for _, o := range page.Contents {
						keys = append(keys, *o.Key)
					}
					for _, p := range page.CommonPrefixes {
						common = append(common, *p.Prefix)
					}
				}
				require.Equal(t, tt.keys, keys)
				require.Equal(t, tt.common, common)
				require.Equal(t, pages, n)
			}
		})
	}

	none, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("b"), MaxKeys: aws.Int32(0)})
	require.NoError(t, err)
	require.False(t, *none.IsTruncated)
	_, err = c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("x")})
	requireAPIError(t, err, 404, "NoSuchBucket")

	s.Put("b", "z\x01 +", nil)
	in := &s3.ListObjectsV2Input{Bucket: aws.String("b"), Prefix: aws.String("z"), EncodingType: types.EncodingTypeUrl}
	out, err := c.ListObjectsV2(t.Context(), in)
	require.NoError(t, err)
	key, err := url.QueryUnescape(*out.Contents[0].Key)
	require.NoError(t, err)
	require.Equal(t, "z\x01 +", key)
}

func TestBuckets(t *testing.T) {
	everyWay(t, s3test.Options{}, func(t *testing.T, s *s3test.S3, c *s3.Client) {
		_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("new")})
		require.NoError(t, err)
		_, err = c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("new")})
		requireAPIError(t, err, 409, "BucketAlreadyOwnedByYou")
		_, err = c.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("new")})
		require.NoError(t, err)
		all, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
		require.NoError(t, err)
		require.Len(t, all.Buckets, 2)
		require.Equal(t, "b", *all.Buckets[0].Name)
		loc, err := c.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: aws.String("new")})
		require.NoError(t, err)
		require.Empty(t, loc.LocationConstraint)

		s.Put("new", "k", nil)
		_, err = c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("new")})
		requireAPIError(t, err, 409, "BucketNotEmpty")
		s.Delete("new", "k")
		_, err = c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("new")})
		require.NoError(t, err)
		_, err = c.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("new")})
		requireAPIError(t, err, 404, "NotFound")
	})
}

func TestRequests(t *testing.T) {
	s := s3test.New(func(o *s3test.Options) { o.LogSize = 2 })
	c := s.Client()
	s.Put("b", "k", pattern(100))
	for range 3 {
		out, err := c.GetObject(t.Context(), get("k", func(in *s3.GetObjectInput) { in.Range = aws.String("bytes=10-") }))
		require.NoError(t, err)
		readAll(t, out)
	}
	_, err := c.GetObject(t.Context(), get("missing"))
	require.Error(t, err)
	log := s.Requests()
	require.Len(t, log, 2)
	require.Equal(t, "GetObject", log[0].Operation)
	require.Equal(t, "k", log[0].Key)
	require.Equal(t, "bytes=10-", log[0].Range)
	require.Equal(t, 206, log[0].Status)
	require.EqualValues(t, 90, log[0].BytesSent)
	require.Equal(t, "NoSuchKey", log[1].Code)
	require.Equal(t, map[string]int{"GetObject": 4}, s.Counts())
	s.ResetRequests()
	require.Empty(t, s.Requests())
	require.Empty(t, s.Counts())
}
