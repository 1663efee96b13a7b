package prefix_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/leak"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
)

// synthetic is a bucket of n keys that are made when they are asked for, with what S3
// tells about each. shard[i] is where key i is.
type synthetic struct{ shard []string }

func newSynthetic(t testing.TB, s *prefix.Spread, n int) *synthetic {
	store := &synthetic{make([]string, n)}
	names := map[string]string{} // one string for each shard
	for i := range n {
		k, err := s.Key(store.key(i))
		require.NoError(t, err)
		shard, _, _ := strings.Cut(k, "/")
		if names[shard] == "" {
			names[shard] = strings.Clone(shard)
		}
		store.shard[i] = names[shard]
	}
	return store
}

func (*synthetic) key(i int) string { return fmt.Sprintf("20261122/host-%03d/%08d.log", i/10_000, i) }

func (store *synthetic) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	from, _ := strconv.Atoi(aws.ToString(in.ContinuationToken))
	out := &s3.ListObjectsV2Output{}
	shard := strings.TrimSuffix(*in.Prefix, "/")
	for i := from; i < len(store.shard); i++ {
		if store.shard[i] != shard {
			continue
		}
		if len(out.Contents) == 1000 {
			out.IsTruncated, out.NextContinuationToken = aws.Bool(true), aws.String(strconv.Itoa(i))
			break
		}
		out.Contents = append(out.Contents, types.Object{
			Key:               aws.String(*in.Prefix + store.key(i)),
			ETag:              aws.String(fmt.Sprintf(`"%032x"`, i)),
			Size:              aws.Int64(int64(i)),
			LastModified:      aws.Time(time.Unix(int64(i), 0)),
			StorageClass:      types.ObjectStorageClassStandard,
			ChecksumAlgorithm: []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc64nvme},
			ChecksumType:      types.ChecksumTypeFullObject,
		})
	}
	return out, nil
}

// TestListMemory: a million keys in 16 shards take the memory of two pages for each.
func TestListMemory(t *testing.T) {
	defer leak.None(t)
	const keys, shards = 1_000_000, 16
	s := newSpread(t, prefix.Layout{Shards: shards})
	store := newSynthetic(t, s, keys)
	live := func() uint64 { // after a collection
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	base := live()
	var most, n uint64
	last := ""
	for e, err := range s.List(t.Context(), store, &s3.ListObjectsV2Input{Bucket: aws.String("b")}) {
		require.NoError(t, err)
		if e.Key <= last {
			t.Fatalf("%q behind %q", e.Key, last)
		}
		last = e.Key
		if n++; n%50_000 == 25_000 {
			most = max(most, live())
		}
	}
	require.EqualValues(t, keys, n)
	held := float64(most-base) / (1 << 20)
	t.Logf("%d keys in %d shards: %.1f MiB live at most, %.0f bytes for each of the two pages' keys",
		n, shards, held, held*(1<<20)/(2*shards*1000))
	require.Less(t, held, 32.0, "MiB")
}
