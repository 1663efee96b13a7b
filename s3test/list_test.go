package s3test_test

import (
	"fmt"
	"net/url"
	"runtime"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
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

// TestListObjectsV1 is the same for the first version, which has markers instead of
// tokens, and names the next only when there is a delimiter.
func TestListObjectsV1(t *testing.T) {
	s := s3test.New()
	for _, key := range []string{"a", "b/1", "b/2", "b/c/3", "d", "e/", "e/4", "é"} {
		s.Put("b", key, []byte("x"))
	}
	c := s.Client()
	tests := map[string]struct {
		set          func(*s3.ListObjectsInput)
		keys, common []string
	}{
		"all":       {func(in *s3.ListObjectsInput) {}, []string{"a", "b/1", "b/2", "b/c/3", "d", "e/", "e/4", "é"}, nil},
		"delimiter": {func(in *s3.ListObjectsInput) { in.Delimiter = aws.String("/") }, []string{"a", "d", "é"}, []string{"b/", "e/"}},
		"prefix":    {func(in *s3.ListObjectsInput) { in.Prefix = aws.String("b/") }, []string{"b/1", "b/2", "b/c/3"}, nil},
		"marker":    {func(in *s3.ListObjectsInput) { in.Marker = aws.String("b/2") }, []string{"b/c/3", "d", "e/", "e/4", "é"}, nil},
		"both": {func(in *s3.ListObjectsInput) { in.Prefix, in.Delimiter = aws.String("b/"), aws.String("/") },
			[]string{"b/1", "b/2"}, []string{"b/c/"}},
	}
	for name, tt := range tests {
		for _, size := range []int32{1, 2, 1000} {
			in := &s3.ListObjectsInput{Bucket: aws.String("b"), MaxKeys: &size}
			tt.set(in)
			var keys, common []string
			for more := true; more; {
				page, err := c.ListObjects(t.Context(), in)
				require.NoError(t, err)
				for _, o := range page.Contents {
					keys = append(keys, *o.Key)
					require.NotNil(t, o.Owner)
				}
				for _, p := range page.CommonPrefixes {
					common = append(common, *p.Prefix)
				}
				more = *page.IsTruncated
				require.Equal(t, more && in.Delimiter != nil, page.NextMarker != nil, name)
				in.Marker = page.NextMarker
				if more && in.Marker == nil {
					in.Marker = page.Contents[len(page.Contents)-1].Key
				}
			}
			require.Equal(t, tt.keys, keys, "%s by %d", name, size)
			require.Equal(t, tt.common, common, "%s by %d", name, size)
		}
	}
	_, err := c.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String("x")})
	requireAPIError(t, err, 404, "NoSuchBucket")
}

// TestListUploadsByPrefix: a listing of uploads rolls keys up too, on pages of any size.
func TestListUploadsByPrefix(t *testing.T) {
	s := s3test.New()
	s.CreateBucket("b", false)
	c := s.Client()
	for _, key := range []string{"a", "b/1", "b/1", "b/2", "d", "d", "e/4"} {
		create(t, c, func(in *s3.CreateMultipartUploadInput) { in.Key = &key })
	}
	tests := map[string]struct {
		set          func(*s3.ListMultipartUploadsInput)
		keys, common []string
	}{
		"all":       {func(in *s3.ListMultipartUploadsInput) {}, []string{"a", "b/1", "b/1", "b/2", "d", "d", "e/4"}, nil},
		"delimiter": {func(in *s3.ListMultipartUploadsInput) { in.Delimiter = aws.String("/") }, []string{"a", "d", "d"}, []string{"b/", "e/"}},
		"prefix":    {func(in *s3.ListMultipartUploadsInput) { in.Prefix = aws.String("b/") }, []string{"b/1", "b/1", "b/2"}, nil},
		"inside": {func(in *s3.ListMultipartUploadsInput) { in.Prefix, in.Delimiter = aws.String("b"), aws.String("/") },
			nil, []string{"b/"}},
		"marker": {func(in *s3.ListMultipartUploadsInput) { in.KeyMarker = aws.String("b/1") }, []string{"b/2", "d", "d", "e/4"}, nil},
	}
	for name, tt := range tests {
		for _, size := range []int32{1, 2, 1000} {
			in := &s3.ListMultipartUploadsInput{Bucket: aws.String("b"), MaxUploads: &size}
			tt.set(in)
			var keys, common []string
			for p := s3.NewListMultipartUploadsPaginator(c, in); p.HasMorePages(); {
				page, err := p.NextPage(t.Context())
				require.NoError(t, err)
				for _, u := range page.Uploads {
					keys = append(keys, *u.Key)
				}
				for _, p := range page.CommonPrefixes {
					common = append(common, *p.Prefix)
				}
				require.LessOrEqual(t, len(page.Uploads)+len(page.CommonPrefixes), int(size))
			}
			require.Equal(t, tt.keys, keys, "%s by %d", name, size)
			require.Equal(t, tt.common, common, "%s by %d", name, size)
		}
	}
}

// TestListCost: a page costs what is on it, and not what is in the bucket.
func TestListCost(t *testing.T) {
	cost := func(keys int, in *s3.ListObjectsV2Input) uint64 {
		s := s3test.New(func(o *s3test.Options) { o.NoDefaultChecksum = true })
		for i := range keys {
			s.Put("b", fmt.Sprintf("%d/%06d", i%2, i), nil)
		}
		c := s.Client()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			_, err := c.ListObjectsV2(t.Context(), in)
			require.NoError(t, err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for name, in := range map[string]*s3.ListObjectsV2Input{
		"a page":             {Bucket: aws.String("b"), MaxKeys: aws.Int32(10), StartAfter: aws.String("1/000009")},
		"a delimiter":        {Bucket: aws.String("b"), Delimiter: aws.String("/")},
		"a prefix, no match": {Bucket: aws.String("b"), Prefix: aws.String("3")},
	} {
		cost(100, in) // what is made once
		few, many := cost(100, in), cost(50_000, in)
		require.Less(t, many, 2*few+1<<20, "%s: bytes allocated with 100 keys: %d, with 50,000: %d", name, few, many)
	}
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
