package prefix_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/leak"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

// listFunc is a store that does nothing but list.
type listFunc func(context.Context, *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error)

func (f listFunc) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return f(ctx, in)
}

// text is an entry in short; common prefixes have an arrow.
func text(e prefix.Entry) string {
	if e.IsPrefix() {
		return "> " + e.Key
	}
	return e.Key
}

func collect(t testing.TB, list iter.Seq2[prefix.Entry, error]) []string {
	t.Helper()
	var got []string
	for e, err := range list {
		require.NoError(t, err)
		got = append(got, text(e))
	}
	return got
}

// plainList is what the store itself says about unsharded keys.
func plainList(t testing.TB, c s3.ListObjectsV2APIClient, in *s3.ListObjectsV2Input) []string {
	t.Helper()
	in.EncodingType = types.EncodingTypeUrl
	decode := func(s *string) string {
		key, err := url.QueryUnescape(*s)
		require.NoError(t, err)
		return key
	}
	var got []string
	for p := s3.NewListObjectsV2Paginator(c, in); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		require.NoError(t, err)
		page := map[string]string{}
		for _, o := range out.Contents {
			page[decode(o.Key)] = decode(o.Key)
		}
		for _, c := range out.CommonPrefixes {
			page[decode(c.Prefix)] = "> " + decode(c.Prefix)
		}
		for _, key := range slices.Sorted(maps.Keys(page)) {
			got = append(got, page[key])
		}
	}
	return got
}

// A scenario is a bucket of random keys, written over a history of layouts, and a
// list of them.
type scenario struct {
	spread *prefix.Spread
	keys   []string
	in     s3.ListObjectsV2Input // of the bucket "plain"; "spread" has the same keys
	store  *s3test.S3
}

// words make keys that meet: under directories, beside them, in order around
// delimiters.
var words = []string{"a", "b", "ab", "20261122", "/", "/", "//", "-", "~", " ", "+", "%2F", "\x01", "\n", "é", "日本", "🎈", "\uffff", "0", "z"}

func randomKey(rnd *rand.Rand, most int) string {
	var b strings.Builder
	for range rnd.IntN(most) + 1 {
		b.WriteString(words[rnd.IntN(len(words))])
	}
	return b.String()
}

func newScenario(t testing.TB, rnd *rand.Rand) *scenario {
	names := slices.Sorted(maps.Keys(histories))
	layouts := histories[names[rnd.IntN(len(names))]]
	sc := &scenario{spread: newSpread(t, layouts[0], layouts[1:]...), store: s3test.New()}
	sc.store.CreateBucket("plain", false)
	sc.store.CreateBucket("spread", false)
	for range rnd.IntN(120) {
		key := randomKey(rnd, 6)
		if rnd.IntN(20) == 0 {
			key += strings.Repeat("k", 1000-len(key)) // as long as any layout takes
		}
		places := sc.spread.Lookup(key)
		if len(places) == 0 {
			continue // a plain layout cannot have it
		}
		sc.keys = append(sc.keys, key)
		sc.store.Put("plain", key, nil)
		// Written once or more, in the course of time.
		first := rnd.IntN(len(places))
		for g := first; g >= 0 && (g == first || rnd.IntN(2) == 0); g-- {
			sc.store.Put("spread", places[g], nil)
		}
	}
	if _, ours := sc.spread.Original("logs/g/foreign"); !ours {
		sc.store.Put("spread", "logs/g/foreign", nil)
	}

	in := &sc.in
	in.Bucket = aws.String("plain")
	if rnd.IntN(2) == 0 {
		in.Delimiter = aws.String([]string{"/", "/", "/", "-", "//", "日", "ab"}[rnd.IntN(7)])
	}
	some := func() string { // a piece of a key, or nearly
		if len(sc.keys) == 0 || rnd.IntN(4) == 0 {
			return randomKey(rnd, 3)
		}
		key := []rune(sc.keys[rnd.IntN(len(sc.keys))])
		return string(key[:rnd.IntN(len(key)+1)])
	}
	if rnd.IntN(2) == 0 {
		in.Prefix = aws.String(some())
	}
	if rnd.IntN(2) == 0 {
		in.StartAfter = aws.String(some())
	}
	if rnd.IntN(4) > 0 {
		in.MaxKeys = aws.Int32(1 + rnd.Int32N([]int32{1, 10, 1000}[rnd.IntN(3)]))
	}
	return sc
}

// checkScenario compares the merged list with the store's own, all at once and in
// pieces that continue at a position.
func checkScenario(t testing.TB, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	sc := newScenario(t, rnd)
	c := sc.store.Client()
	plain, in := sc.in, sc.in
	want := plainList(t, c, &plain)
	in.Bucket = aws.String("spread")
	about := fmt.Sprintf("seed %d, prefix %q, delimiter %q, start after %q, keys %q", seed,
		aws.ToString(in.Prefix), aws.ToString(in.Delimiter), aws.ToString(in.StartAfter), sc.keys)
	concurrency := func(o *prefix.ListOptions) { o.Concurrency = rnd.IntN(5) }

	list := sc.spread.List(t.Context(), c, &in, concurrency)
	require.Equal(t, want, collect(t, list), about)

	var got []string
	next := in
	for {
		n, piece := 0, rnd.IntN(len(want)/2+1)+1
		for e, err := range sc.spread.List(t.Context(), c, &next, concurrency) {
			require.NoError(t, err)
			got = append(got, text(e))
			next.ContinuationToken = aws.String(e.Position())
			if n++; n == piece {
				break
			}
		}
		if n < piece {
			break
		}
	}
	require.Equal(t, want, got, "in pieces: %s", about)
}

func TestListRandom(t *testing.T) {
	defer leak.None(t)
	for seed := range uint64(100) {
		checkScenario(t, seed)
	}
}

func FuzzList(f *testing.F) {
	f.Add(uint64(1000))
	f.Fuzz(func(t *testing.T, seed uint64) { checkScenario(t, seed) })
}

// TestListNewest: of an object in several layouts, the newest is listed; what has
// no original is not.
func TestListNewest(t *testing.T) {
	defer leak.None(t)
	store := s3test.New()
	s := newSpread(t, prefix.Layout{Shards: 16}, prefix.Layout{Shards: 10}, prefix.Layout{Template: "old/{key}"})
	put := func(key string, generations ...int) {
		places := s.Lookup(key)
		require.Len(t, places, 3, "choose another key: two layouts agree on this one")
		for _, g := range generations {
			store.Put("b", places[g], make([]byte, g))
		}
	}
	put("a", 2, 1, 0)
	put("b", 2, 1)
	put("c", 2)
	put("g", 0, 2)
	store.Put("b", "f/b", nil) // not its shard
	for shard := range 16 {
		store.Put("b", fmt.Sprintf("%x/", shard), nil) // what consoles make of a directory
	}

	type found struct {
		key, s3Key string
		generation int
		size       int64
	}
	var got []found
	for e, err := range s.List(t.Context(), store.Client(), &s3.ListObjectsV2Input{Bucket: aws.String("b")}) {
		require.NoError(t, err)
		require.NotEmpty(t, *e.Object.ETag)
		got = append(got, found{e.Key, *e.Object.Key, e.Generation, *e.Object.Size})
	}
	require.Equal(t, []found{
		{"a", s.Lookup("a")[0], 0, 0},
		{"b", s.Lookup("b")[1], 1, 1},
		{"c", s.Lookup("c")[2], 2, 2},
		{"g", s.Lookup("g")[0], 0, 0},
	}, got)
}

// TestMigration is what the documentation of Spread says.
func TestMigration(t *testing.T) {
	defer leak.None(t)
	const keys = 300
	store := s3test.New()
	c := store.Client()
	bucket := aws.String("b")
	former, now := prefix.Layout{Shards: 10}, prefix.Layout{Shards: 256}
	old := newSpread(t, former)
	for i := range keys {
		k, err := old.Key(fmt.Sprintf("key-%03d", i))
		require.NoError(t, err)
		store.Put("b", k, []byte("old"))
	}

	s := newSpread(t, now, former)
	get := func(key string) string {
		for _, k := range s.Lookup(key) {
			if o, ok := store.Object("b", k); ok {
				return string(o.Data)
			}
		}
		return "none"
	}
	list := func(s *prefix.Spread) []string {
		return collect(t, s.List(t.Context(), c, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: aws.Int32(10)}))
	}
	require.Len(t, list(s), keys)
	require.Equal(t, "old", get("key-007"))

	k, err := s.Key("key-007")
	require.NoError(t, err)
	store.Put("b", k, []byte("new"))
	require.Equal(t, "new", get("key-007"))
	require.Len(t, list(s), keys)

	places := s.Lookup("key-008")
	for _, k := range slices.Backward(places) {
		_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String(k)})
		require.NoError(t, err)
	}
	require.Equal(t, "none", get("key-008"))
	require.Len(t, list(s), keys-1)

	for e, err := range s.List(t.Context(), c, &s3.ListObjectsV2Input{Bucket: bucket}) {
		require.NoError(t, err)
		to, err := s.Key(e.Key)
		require.NoError(t, err)
		if e.Generation > 0 {
			in := &s3.CopyObjectInput{Bucket: bucket, Key: &to, CopySource: aws.String("b/" + url.PathEscape(*e.Object.Key))}
			if f := reflect.ValueOf(in).Elem().FieldByName("IfNoneMatch"); f.IsValid() { // not in the least SDK
				f.Set(reflect.ValueOf(aws.String("*")))
			}
			_, err = c.CopyObject(t.Context(), in)
			require.NoError(t, err)
		}
		for _, k := range slices.Backward(s.Lookup(e.Key)) {
			if k != to {
				_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: &k})
				require.NoError(t, err)
			}
		}
	}
	alone := newSpread(t, now)
	require.Equal(t, list(s), list(alone))
	require.Len(t, list(alone), keys-1)
	require.Len(t, store.Keys("b"), keys-1, "nothing is left under the former layout")
	require.Equal(t, "new", get("key-007"))
}

// TestListLongKeys: what is behind the longest keys, and prefixes that no key has.
func TestListLongKeys(t *testing.T) {
	defer leak.None(t)
	store := s3test.New()
	s := newSpread(t, prefix.Layout{Shards: 16}, prefix.Layout{Template: "p/{key}"})
	long := strings.Repeat("k", 1018) + "🎈"
	keys := []string{long[:1000], long[:1018], long, strings.Repeat("l", 1022)}
	for _, key := range keys {
		k, err := s.Key(key)
		require.NoError(t, err)
		store.Put("b", k, nil)
	}
	list := func(in s3.ListObjectsV2Input) []string {
		in.Bucket = aws.String("b")
		return collect(t, s.List(t.Context(), store.Client(), &in))
	}
	require.Equal(t, keys, list(s3.ListObjectsV2Input{}))
	require.Equal(t, keys[3:], list(s3.ListObjectsV2Input{StartAfter: &keys[2]}))
	require.Equal(t, keys[2:], list(s3.ListObjectsV2Input{StartAfter: aws.String(keys[1] + "\x00\x01")}))
	require.Equal(t, keys[3:], list(s3.ListObjectsV2Input{StartAfter: aws.String(keys[2] + "z")}))
	require.Equal(t, keys[2:], list(s3.ListObjectsV2Input{StartAfter: aws.String(strings.Repeat("k", 1019) + "🎈")}))
	store.Put("b", s.Lookup(strings.Repeat("k", 1021) + "a")[0], nil) // less than é, which has to be cut
	require.Equal(t, keys[2:], list(s3.ListObjectsV2Input{StartAfter: aws.String(strings.Repeat("k", 1021) + "é")}))
	require.Equal(t, keys[2:3], list(s3.ListObjectsV2Input{Prefix: &keys[2]}))
	require.Empty(t, list(s3.ListObjectsV2Input{Prefix: aws.String(strings.Repeat("k", 1024))}))
}

func TestListBadInput(t *testing.T) {
	s := newSpread(t, prefix.Layout{Shards: 2})
	none := listFunc(func(context.Context, *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		return nil, errors.New("not to be asked")
	})
	tests := map[string]struct {
		in   *s3.ListObjectsV2Input
		opt  func(*prefix.ListOptions)
		want string
	}{
		"nil":         {nil, nil, "without an input"},
		"keys":        {&s3.ListObjectsV2Input{MaxKeys: aws.Int32(0)}, nil, "MaxKeys is 0"},
		"token":       {&s3.ListObjectsV2Input{ContinuationToken: aws.String("x")}, nil, "not the Position"},
		"kind":        {&s3.ListObjectsV2Input{ContinuationToken: aws.String("eHh4")}, nil, "not the Position"},
		"concurrency": {&s3.ListObjectsV2Input{}, func(o *prefix.ListOptions) { o.Concurrency = -1 }, "Concurrency is -1"},
	}
	for name, tt := range tests {
		n := 0
		for e, err := range s.List(t.Context(), none, tt.in, func(o *prefix.ListOptions) {
			if tt.opt != nil {
				tt.opt(o)
			}
		}) {
			require.ErrorContains(t, err, tt.want, name)
			require.Zero(t, e)
			n++
		}
		require.Equal(t, 1, n)
	}
}

// TestListInput: what the caller asks for reaches S3, from every shard.
func TestListInput(t *testing.T) {
	defer leak.None(t)
	in := &s3.ListObjectsV2Input{
		Bucket: aws.String("b"), Prefix: aws.String("p/"), Delimiter: aws.String("/"), StartAfter: aws.String("p/a"),
		MaxKeys: aws.Int32(5), FetchOwner: aws.Bool(true), ExpectedBucketOwner: aws.String("me"),
		RequestPayer:             types.RequestPayerRequester,
		OptionalObjectAttributes: []types.OptionalObjectAttributes{types.OptionalObjectAttributesRestoreStatus},
	}
	asked := make(chan *s3.ListObjectsV2Input, 4)
	store := listFunc(func(_ context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		asked <- in
		return &s3.ListObjectsV2Output{}, nil
	})
	s := newSpread(t, prefix.Layout{Template: "x/{shard}/{key}", Shards: 2}, prefix.Layout{Template: "y/{key}"})
	require.Empty(t, collect(t, s.List(t.Context(), store, in)))
	close(asked)
	var roots []string
	for got := range asked {
		root := strings.TrimSuffix(*got.Prefix, "p/")
		roots = append(roots, root)
		want := *in
		want.Prefix, want.StartAfter = aws.String(root+"p/"), aws.String(root+"p/a")
		want.EncodingType = types.EncodingTypeUrl
		require.Equal(t, want, *got)
	}
	require.ElementsMatch(t, []string{"x/0/", "x/1/", "y/"}, roots)
}

// TestListStores: what a store must not do is an error, since keys would be missing
// or out of order; what some do is not.
func TestListStores(t *testing.T) {
	defer leak.None(t)
	keys := func(list ...string) (objects []types.Object) {
		for _, key := range list {
			objects = append(objects, types.Object{Key: &key})
		}
		return objects
	}
	common := func(p string) []types.CommonPrefix { return []types.CommonPrefix{{Prefix: &p}} }
	next := func(out s3.ListObjectsV2Output, token string) *s3.ListObjectsV2Output {
		out.IsTruncated = aws.Bool(true)
		if token != "" {
			out.NextContinuationToken = &token
		}
		return &out
	}
	tests := map[string]struct {
		pages []*s3.ListObjectsV2Output
		want  []string
		err   string
	}{
		"order":             {[]*s3.ListObjectsV2Output{{Contents: keys("0/b", "0/a")}}, nil, "not the order of S3"},
		"order over pages":  {[]*s3.ListObjectsV2Output{next(s3.ListObjectsV2Output{Contents: keys("0/b")}, "t"), {Contents: keys("0/a")}}, []string{"b"}, "not the order of S3"},
		"twice":             {[]*s3.ListObjectsV2Output{{Contents: keys("0/a", "0/a")}}, nil, "not the order of S3"},
		"another prefix":    {[]*s3.ListObjectsV2Output{{Contents: keys("1/a")}}, nil, `with prefix "0/"`},
		"no token":          {[]*s3.ListObjectsV2Output{next(s3.ListObjectsV2Output{}, "")}, nil, "without a token"},
		"bad encoding":      {[]*s3.ListObjectsV2Output{{Contents: keys("0/%zz"), EncodingType: types.EncodingTypeUrl}}, nil, "%zz"},
		"encoding":          {[]*s3.ListObjectsV2Output{{Contents: keys("0/%41+"), EncodingType: types.EncodingTypeUrl}}, []string{"A "}, ""},
		"no encoding":       {[]*s3.ListObjectsV2Output{{Contents: keys("0/%41+")}}, []string{"%41+"}, ""},
		"empty pages":       {[]*s3.ListObjectsV2Output{next(s3.ListObjectsV2Output{}, "t"), next(s3.ListObjectsV2Output{}, "u"), {Contents: keys("0/a")}}, []string{"a"}, ""},
		"no page":           {[]*s3.ListObjectsV2Output{nil}, nil, "neither a list nor an error"},
		"a repeated prefix": {[]*s3.ListObjectsV2Output{next(s3.ListObjectsV2Output{CommonPrefixes: common("0/a/")}, "t"), {CommonPrefixes: common("0/a/"), Contents: keys("0/b")}}, []string{"> a/", "b"}, ""},
	}
	s := newSpread(t, prefix.Layout{Shards: 1})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := 0
			store := listFunc(func(context.Context, *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
				n++
				return tt.pages[n-1], nil
			})
			var got []string
			var last error
			for e, err := range s.List(t.Context(), store, &s3.ListObjectsV2Input{Bucket: aws.String("b")}) {
				require.NoError(t, last, "after an error")
				if last = err; err == nil {
					got = append(got, text(e))
				}
			}
			require.Equal(t, tt.want, got)
			if tt.err == "" {
				require.NoError(t, last)
			} else {
				require.ErrorContains(t, last, tt.err)
				require.ErrorContains(t, last, "prefix: ")
			}
		})
	}
}

// TestListError: everything before the page that fails is listed, and the list can
// be continued behind it.
func TestListError(t *testing.T) {
	defer leak.None(t)
	store := s3test.New()
	s := newSpread(t, prefix.Layout{Shards: 8})
	var want []string
	for i := range 200 {
		key := fmt.Sprintf("%03d", i)
		k, err := s.Key(key)
		require.NoError(t, err)
		store.Put("b", k, nil)
		want = append(want, key)
	}
	c := store.Client()
	broken := errors.New("broken")
	var calls atomic.Int64
	flaky := listFunc(func(ctx context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		if calls.Add(1)%11 == 0 {
			return nil, broken
		}
		return c.ListObjectsV2(ctx, in)
	})
	in := &s3.ListObjectsV2Input{Bucket: aws.String("b"), MaxKeys: aws.Int32(7)}
	var got []string
	var failed int
	for done := false; !done; {
		done = true
		for e, err := range s.List(t.Context(), flaky, in) {
			if err != nil {
				require.ErrorIs(t, err, broken)
				require.ErrorContains(t, err, "/\" in bucket b: broken")
				failed++
				done = false
				continue
			}
			got = append(got, e.Key)
			in.ContinuationToken = aws.String(e.Position())
		}
	}
	require.Equal(t, want, got)
	require.NotZero(t, failed)
	require.Nil(t, in.Prefix, "the caller's input is not written to")
}

// slow answers after a second, or when the context ends.
func slow(c s3.ListObjectsV2APIClient, now, most *atomic.Int64) listFunc {
	return func(ctx context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		select {
		case <-time.After(time.Second):
			return c.ListObjectsV2(ctx, in)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// TestListConcurrency: shards are listed at a time, pages are fetched ahead, and no
// more than allowed; to break out, or a context that ends, stops it all at once.
func TestListConcurrency(t *testing.T) {
	store := s3test.New()
	s := newSpread(t, prefix.Layout{Shards: 16})
	for i := range 1600 {
		k, err := s.Key(fmt.Sprintf("%04d", i))
		require.NoError(t, err)
		store.Put("b", k, nil)
	}
	in := &s3.ListObjectsV2Input{Bucket: aws.String("b"), MaxKeys: aws.Int32(50)}
	for _, concurrency := range []int{0, 1, 4} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
				var now, most atomic.Int64
				api := slow(store.Client(), &now, &most)
				opt := func(o *prefix.ListOptions) { o.Concurrency = concurrency }
				start := time.Now()
				require.Len(t, collect(t, s.List(t.Context(), api, in, opt)), 1600)
				limit := int64(concurrency)
				if limit == 0 {
					limit = 16
				}
				require.Equal(t, limit, most.Load())
				// 16 shards of two or three pages.
				require.LessOrEqual(t, time.Since(start), time.Duration(48/limit+2)*time.Second)

				start = time.Now()
				for range s.List(t.Context(), api, in, opt) {
					break
				}
				require.Zero(t, now.Load(), "requests after the loop")
				require.LessOrEqual(t, time.Since(start), time.Duration(16/limit+1)*time.Second)

				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				n := 0
				var last error
				for _, err := range s.List(ctx, api, in, opt) {
					if last = err; n == 3 {
						cancel()
					}
					n++
				}
				require.ErrorIs(t, last, context.Canceled)
				require.Equal(t, 5, n, "four entries and the error")
				require.Zero(t, now.Load())

				ctx, stop := context.WithTimeout(t.Context(), time.Second/2)
				defer stop()
				n = 0
				for _, err := range s.List(ctx, api, in, opt) {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					n++
				}
				require.Equal(t, 1, n)
			})
		})
	}
}

// TestListPanic: a loop body that panics leaves nothing either.
func TestListPanic(t *testing.T) {
	defer leak.None(t)
	store := s3test.New()
	s := newSpread(t, prefix.Layout{Shards: 4})
	for i := range 100 {
		k, err := s.Key(fmt.Sprint(i))
		require.NoError(t, err)
		store.Put("b", k, nil)
	}
	require.PanicsWithValue(t, "body", func() {
		for range s.List(t.Context(), store.Client(), &s3.ListObjectsV2Input{Bucket: aws.String("b"), MaxKeys: aws.Int32(1)}) {
			panic("body")
		}
	})
}
