package prefix_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/leak"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

func token(kind byte, key string) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{kind}, key...))
}

// listFrom lists in a store that checks what it is asked for.
func listFrom(t testing.TB, s *prefix.Spread, store *s3test.S3, in s3.ListObjectsV2Input) (got []string, err error) {
	t.Helper()
	c := store.Client()
	api := listFunc(func(ctx context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		if len(aws.ToString(in.StartAfter)) > prefix.MaxKeyLen {
			return nil, fmt.Errorf("StartAfter has %d bytes", len(*in.StartAfter))
		}
		return c.ListObjectsV2(ctx, in)
	})
	in.Bucket = aws.String("b")
	for e, e2 := range s.List(t.Context(), api, &in) {
		if e2 != nil {
			return got, e2
		}
		got = append(got, text(e))
	}
	return got, nil
}

// TestListForeignToken: a token is whatever a web page has sent.
func TestListForeignToken(t *testing.T) {
	defer leak.None(t)
	const refused = "prefix: ContinuationToken is"
	for name, tt := range map[string]struct {
		token         string
		prefix, delim string
		err           string
	}{
		"one continuation byte, often":     {token: token('k', strings.Repeat("\x80", 1025)), err: refused},
		"continuation bytes by the 10,000": {token: token('k', strings.Repeat("\xbf", 10_000)), err: refused},
		"as a common prefix":               {token: token('p', strings.Repeat("\x80", 5_000)), err: refused},
		"a short one":                      {token: token('k', "\xff"), err: refused},
		"half a character":                 {token: token('k', "a\xc3"), err: refused},
		"longer than a key":                {token: token('k', strings.Repeat("a", 1025)), err: refused},
		"as long as a key":                 {token: token('k', strings.Repeat("a", 1024))},
		"16 MiB":                           {token: strings.Repeat("A", 16<<20), err: refused},
		"no kind":                          {token: token('q', "a"), err: refused},
		"no key":                           {token: token('k', ""), err: refused},
		"no base64":                        {token: "k a", err: refused},
		"padded":                           {token: token('k', "a") + "=", err: refused},
		"a line break":                     {token: token('k', "a") + "\n", err: refused},
		"bits left over":                   {token: "a2F", err: refused},
		"a zero":                           {token: token('k', "\x00")},
		"a key of another prefix":          {token: token('k', "b/x"), prefix: "a/", err: refused},
		"a prefix without a delimiter":     {token: token('p', "a"), err: refused},
		"a prefix that is none":            {token: token('p', "a"), delim: "/", err: refused},
		"a prefix of two levels":           {token: token('p', "a/b/"), delim: "/", err: refused},
		"a key within a prefix":            {token: token('k', "a/b"), delim: "/", err: refused},
		"a prefix":                         {token: token('p', "a/"), delim: "/"},
		"a prefix below a prefix":          {token: token('p', "a/b/"), prefix: "a/", delim: "/"},
		"the prefix itself":                {token: token('k', "a/"), prefix: "a/", delim: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			for history, layouts := range histories {
				store := s3test.New()
				store.CreateBucket("b", false)
				in := s3.ListObjectsV2Input{ContinuationToken: &tt.token, Prefix: &tt.prefix, Delimiter: &tt.delim}
				_, err := listFrom(t, newSpread(t, layouts[0], layouts[1:]...), store, in)
				if tt.err == "" {
					require.NoError(t, err, history)
				} else {
					require.ErrorContains(t, err, tt.err, history)
				}
			}
		})
	}
}

// checkForeign lists with bytes that come from somewhere as the token, the key within
// the token, StartAfter and Prefix. It is as if they had been compared with each key.
func checkForeign(t testing.TB, foreign []byte, common bool) {
	text := string(foreign)
	kind := byte('k')
	if common {
		kind = 'p'
	}
	for _, layouts := range [][]prefix.Layout{{{}}, {{Shards: 3}}, {{Shards: 4}, {Template: "old/{key}"}}} {
		s := newSpread(t, layouts[0], layouts[1:]...)
		store := s3test.New()
		store.CreateBucket("b", false)
		keys := []string{"\x01", "a", "a/b", strings.Repeat("k", 900), "é", "\U0010ffff"}
		for _, key := range keys {
			for _, place := range s.Lookup(key) {
				store.Put("b", place, nil)
			}
		}
		var behind, below []string
		for _, key := range keys {
			if key > text {
				behind = append(behind, key)
			}
			if strings.HasPrefix(key, text) {
				below = append(below, key)
			}
		}
		_, err := listFrom(t, s, store, s3.ListObjectsV2Input{ContinuationToken: &text})
		if err != nil && text != "" {
			require.ErrorContains(t, err, "ContinuationToken")
		}
		within := token(kind, text)
		got, err := listFrom(t, s, store, s3.ListObjectsV2Input{ContinuationToken: &within})
		if common || text == "" || !utf8.ValidString(text) || len(text) > prefix.MaxKeyLen {
			require.ErrorContains(t, err, "ContinuationToken")
		} else {
			require.NoError(t, err)
			require.Equal(t, behind, got)
		}
		got, err = listFrom(t, s, store, s3.ListObjectsV2Input{StartAfter: &text})
		require.NoError(t, err)
		require.Equal(t, behind, got)
		got, err = listFrom(t, s, store, s3.ListObjectsV2Input{Prefix: &text})
		require.NoError(t, err)
		require.Equal(t, below, got)
	}
}

func TestListForeignBytes(t *testing.T) {
	for _, text := range []string{"", "a", "\xff", "\x80", "a\xc3", "k\x00", "a/", "é"} {
		for _, n := range []int{1, 342, 512, 1023, 1024, 1025, 5000} {
			checkForeign(t, bytes.Repeat([]byte(text), n), n%2 == 0)
		}
	}
	for b := range 256 { // every byte
		checkForeign(t, []byte{'a', byte(b)}, false)
		if b%16 == 15 || b%16 == 0 {
			checkForeign(t, append(bytes.Repeat([]byte{'a'}, 1023), byte(b), byte(b), byte(b)), false)
		}
	}
}

func FuzzListForeign(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x80}, 1025), false)
	f.Add(append(bytes.Repeat([]byte("a"), 1022), 0xf0, 0x9f, 0x8e, 0x88), true)
	f.Fuzz(func(t *testing.T, foreign []byte, common bool) { checkForeign(t, foreign, common) })
}

// FuzzPosition: what is taken for a position is the position of an entry, in one form.
func FuzzPosition(f *testing.F) {
	f.Add("a2E")
	f.Add("cGEv")
	f.Add("a2E\n")
	empty := listFunc(func(context.Context, *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		return &s3.ListObjectsV2Output{}, nil
	})
	f.Fuzz(func(t *testing.T, token string) {
		s := newSpread(t, prefix.Layout{})
		for _, err := range s.List(t.Context(), empty, &s3.ListObjectsV2Input{ContinuationToken: &token}) {
			require.Error(t, err)
			return
		}
		if token == "" {
			return
		}
		b, err := base64.RawURLEncoding.DecodeString(token)
		require.NoError(t, err)
		key := string(b[1:])
		require.Equal(t, token, prefix.Entry{Key: key, Object: types.Object{Key: &key}}.Position())
	})
}

// TestListCircle: a store whose tokens go round, in a circle of any length, with pages
// that are empty or that only repeat a common prefix.
func TestListCircle(t *testing.T) {
	defer leak.None(t)
	for _, history := range []string{"10", "plain to 10"} { // the second looks into common prefixes too
		layouts := histories[history]
		s := newSpread(t, layouts[0], layouts[1:]...)
		for _, lead := range []int{0, 1, 5} {
			for _, circle := range []int{1, 2, 3, 7, 50} {
				for _, repeat := range []bool{false, true} {
					calls := 0
					store := listFunc(func(_ context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
						if calls++; calls > 10_000 {
							return nil, errors.New("it never ends")
						}
						n := 0
						_, _ = fmt.Sscanf(aws.ToString(in.ContinuationToken), "t%d", &n)
						if n++; n > lead+circle {
							n = lead + 1
						}
						out := &s3.ListObjectsV2Output{IsTruncated: aws.Bool(true), NextContinuationToken: aws.String(fmt.Sprintf("t%d", n))}
						if repeat {
							out.CommonPrefixes = []types.CommonPrefix{{Prefix: aws.String(*in.Prefix + "0/")}}
						}
						return out, nil
					})
					var last error
					one := func(o *prefix.ListOptions) { o.Concurrency = 1 }
					for _, err := range s.List(t.Context(), store, &s3.ListObjectsV2Input{Bucket: aws.String("b"), Delimiter: aws.String("/")}, one) {
						last = err
					}
					require.ErrorContains(t, last, "repeats the token", "%s: %d, then a circle of %d", history, lead, circle)
				}
			}
		}
	}
}

// TestListHostileClient: a client that panics does so in the loop, one that ends its
// goroutine does not make the list end as if it were whole, and nothing is left.
func TestListHostileClient(t *testing.T) {
	defer leak.None(t)
	s := newSpread(t, prefix.Layout{Shards: 8})
	in := &s3.ListObjectsV2Input{Bucket: aws.String("b")}
	for _, concurrency := range []int{1, 8, math.MaxInt} {
		opt := func(o *prefix.ListOptions) { o.Concurrency = concurrency }
		panics := listFunc(func(context.Context, *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) { panic("client") })
		require.PanicsWithValue(t, "client", func() {
			for range s.List(t.Context(), panics, in, opt) {
			}
		})
		exits := listFunc(func(context.Context, *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
			runtime.Goexit()
			return nil, nil
		})
		var last error
		for _, err := range s.List(t.Context(), exits, in, opt) {
			last = err
		}
		require.ErrorContains(t, last, "has ended the goroutine")
	}
	var last error
	for _, err := range s.List(t.Context(), nil, in) {
		last = err
	}
	require.ErrorContains(t, last, "without a client")
	bad := &s3.ListObjectsV2Input{Delimiter: aws.String("\xff")}
	for _, err := range s.List(t.Context(), s3test.New().Client(), bad) {
		last = err
	}
	require.ErrorContains(t, last, `Delimiter "\xff" is not UTF-8`)
}

// TestListForeignKeys: what other stores have and S3 cannot is in no layout, and so in no
// list: its position could not be continued at.
func TestListForeignKeys(t *testing.T) {
	defer leak.None(t)
	s := newSpread(t, prefix.Layout{})
	long := strings.Repeat("k", 1025)
	store := listFunc(func(context.Context, *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
		return &s3.ListObjectsV2Output{
			Contents:       []types.Object{{Key: aws.String("a")}, {Key: &long}, {Key: aws.String("\xff")}},
			CommonPrefixes: []types.CommonPrefix{{Prefix: aws.String("b/")}, {Prefix: aws.String("\xff/")}},
		}, nil
	})
	in := &s3.ListObjectsV2Input{Bucket: aws.String("b"), Delimiter: aws.String("/")}
	require.Equal(t, []string{"a", "> b/"}, collect(t, s.List(t.Context(), store, in)))
	for _, key := range []string{long, "\xff"} {
		_, ok := s.Original(key)
		require.False(t, ok)
	}
}
