package prefix_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/prefix"
)

func newSpread(t testing.TB, now prefix.Layout, former ...prefix.Layout) *prefix.Spread {
	t.Helper()
	s, err := prefix.NewSpread(now, former...)
	require.NoError(t, err)
	return s
}

// TestSpreadGolden: objects lie under these keys. They must never change.
func TestSpreadGolden(t *testing.T) {
	tests := []struct {
		template  string
		shards    int
		key, want string
	}{
		{"", 10, "20261122/host-7/access.log", "3/20261122/host-7/access.log"},
		{"", 10, "20261123/host-7/access.log", "1/20261123/host-7/access.log"},
		{"", 1, "a", "0/a"},
		{"", 16, "a", "a/a"},
		{"", 17, "a", "0f/a"},
		{"", 256, "a", "ca/a"},
		{"", 4096, "a", "dca/a"},
		{"", 256, "ä/日本語/🎈", "fe/ä/日本語/🎈"},
		{"", 256, " \x00+%2F", "55/ \x00+%2F"},
		{"logs/{shard}/{key}", 16, "a", "logs/a/a"},
		{"{shard}{key}", 16, "a", "aa"},
		{"logs-{shard}-{key}", 100, "/a/", "logs-0e-/a/"},
		{"logs/{key}", 0, "a", "logs/a"},
		{"", 0, "a", "a"},
	}
	for _, tt := range tests {
		s := newSpread(t, prefix.Layout{Template: tt.template, Shards: tt.shards})
		got, err := s.Key(tt.key)
		require.NoError(t, err)
		require.Equal(t, tt.want, got, "%s, %d shards", tt.template, tt.shards)
	}
}

// contract is the documentation of Spread, written down a second time.
func contract(key string, shards int) string {
	sum := sha256.Sum256([]byte(key))
	n, _ := new(big.Int).SetString(hex.EncodeToString(sum[:8]), 16)
	shard := n.Mod(n, big.NewInt(int64(shards))).Text(16)
	for len(shard) < len(fmt.Sprintf("%x", shards-1)) {
		shard = "0" + shard
	}
	return shard + "/" + key
}

func TestSpreadProperties(t *testing.T) {
	check := func(key string, n uint16) bool {
		shards := int(n)%prefix.MaxShards + 1
		l := prefix.Layout{Shards: shards}
		s, again := newSpread(t, l), newSpread(t, l)
		got, err := s.Key(key)
		if key == "" || len(key) > 1000 {
			return true
		}
		same, _ := again.Key(key)
		back, ok := s.Original(got)
		return err == nil && got == same && got == contract(key, shards) && ok && back == key
	}
	require.NoError(t, quick.Check(check, &quick.Config{MaxCount: 5000}))
}

func FuzzSpread(f *testing.F) {
	f.Add("20261122/host", uint16(10), "logs/", "/")
	f.Add("ä\x00🎈", uint16(256), "", "")
	f.Add(strings.Repeat("k", 1022), uint16(16), "", "/")
	f.Fuzz(func(t *testing.T, key string, n uint16, head, sep string) {
		s, err := prefix.NewSpread(prefix.Layout{Template: head + "{shard}" + sep + "{key}", Shards: int(n)})
		if err != nil {
			return
		}
		back, ok := s.Original(key) // of any text
		if ok {
			again, err := s.Key(back)
			if utf8.ValidString(key) && len(key) <= prefix.MaxKeyLen {
				require.NoError(t, err)
				require.Equal(t, key, again)
			}
		}
		s3Key, err := s.Key(key)
		if err != nil {
			long := len(head)+len(fmt.Sprintf("%x", n-1))+len(sep)+len(key) > prefix.MaxKeyLen
			require.True(t, key == "" || long || !utf8.ValidString(key), err)
			require.Equal(t, key != "" && long, strings.Contains(err.Error(), prefix.ErrKeyTooLong.Error()))
			return
		}
		require.LessOrEqual(t, len(s3Key), prefix.MaxKeyLen)
		require.True(t, strings.HasPrefix(s3Key, head) && strings.HasSuffix(s3Key, sep+key))
		back, ok = s.Original(s3Key)
		require.True(t, ok)
		require.Equal(t, key, back)
		require.Equal(t, []string{s3Key}, s.Lookup(key))
	})
}

// TestSpreadUniform: Pearson's chi-square of keys as people make them. The bound is
// the quantile of one in a million (Wilson and Hilferty); the keys are fixed.
func TestSpreadUniform(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	families := map[string]func(i int) string{
		"counter":    func(i int) string { return fmt.Sprint(i) },
		"padded":     func(i int) string { return fmt.Sprintf("%012d", i) },
		"one host":   func(i int) string { return fmt.Sprintf("20261122/host-7/%06d.log", i) },
		"many hosts": func(i int) string { return fmt.Sprintf("%d/host-%d/log", 20260101+i%365, i/365) },
		"last byte":  func(i int) string { return fmt.Sprintf("%x", i) + strings.Repeat("x", 100) + string(rune('a'+i%26)) },
		"random":     func(int) string { return fmt.Sprintf("%016x", rnd.Uint64()) },
		"unicode":    func(i int) string { return "日本/" + string([]rune{rune(0x4e00 + i%20000), rune(0x4e00 + i/20000)}) },
	}
	const keys = 50_000
	for name, key := range families {
		for _, shards := range []int{2, 10, 16, 100, 256, 1000} {
			s := newSpread(t, prefix.Layout{Shards: shards})
			count := map[string]int{}
			for i := range keys {
				k, err := s.Key(key(i))
				require.NoError(t, err)
				shard, _, _ := strings.Cut(k, "/")
				count[shard]++
			}
			require.Len(t, count, shards)
			mean := float64(keys) / float64(shards)
			chi := 0.0
			for _, n := range count {
				chi += (float64(n) - mean) * (float64(n) - mean) / mean
			}
			df := float64(shards - 1)
			const z = 4.753 // one in a million
			bound := df * math.Pow(1-2/(9*df)+z*math.Sqrt(2/(9*df)), 3)
			require.Less(t, chi, bound, "%s keys, %d shards", name, shards)
			t.Logf("%s, %d shards: chi-square %.0f, bound %.0f", name, shards, chi, bound)
		}
	}
}

func TestSpreadKeyLength(t *testing.T) {
	tests := map[string]struct {
		layout prefix.Layout
		most   int
	}{
		"16":      {prefix.Layout{Shards: 16}, 1022},
		"4096":    {prefix.Layout{Shards: 4096}, 1020},
		"text":    {prefix.Layout{Template: "logs/{shard}/{key}", Shards: 16}, 1017},
		"plain":   {prefix.Layout{}, 1024},
		"unicode": {prefix.Layout{Template: "ä{shard}🎈{key}", Shards: 16}, 1024 - 2 - 1 - 4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSpread(t, tt.layout)
			for _, char := range []string{"k", "é", "語", "🎈"} {
				key := strings.Repeat(char, tt.most/len(char))
				key += strings.Repeat("x", tt.most-len(key))
				got, err := s.Key(key)
				require.NoError(t, err)
				require.Len(t, got, prefix.MaxKeyLen)
				back, ok := s.Original(got)
				require.True(t, ok)
				require.Equal(t, key, back)

				_, err = s.Key(key + "x")
				require.ErrorIs(t, err, prefix.ErrKeyTooLong)
				require.ErrorContains(t, err, fmt.Sprintf("%d bytes and %d of", tt.most+1, 1024-tt.most))
				require.Empty(t, s.Lookup(key+"x"))
			}
		})
	}
	s := newSpread(t, prefix.Layout{Shards: 10})
	for _, key := range []string{"", "\xff", "a\xc3"} {
		_, err := s.Key(key)
		require.Error(t, err)
		require.NotErrorIs(t, err, prefix.ErrKeyTooLong)
	}
}

func TestSpreadOriginal(t *testing.T) {
	s := newSpread(t, prefix.Layout{Template: "logs/{shard}/{key}", Shards: 20})
	for _, foreign := range []string{
		"", "logs", "logs/", "logs/1", "logs/11", "logs/11/", "log/11/a", "logs/11-a", "logs/1g/a", "logs/0B/a",
		"logs/ff/a",  // no such shard
		"logs/02/a",  // not its shard
		"logs/011/a", // not its width
	} {
		key, ok := s.Original(foreign)
		require.False(t, ok, "%s: %s", foreign, key)
	}
}

func TestLayoutErrors(t *testing.T) {
	tests := map[string]prefix.Layout{
		"end":       {Template: "{key}/{shard}", Shards: 2},
		"no key":    {Template: "{shard}/", Shards: 2},
		"no shard":  {Template: "a/{key}", Shards: 2},
		"no shards": {Template: "{shard}/{key}"},
		"two":       {Template: "{shard}/{shard}/{key}", Shards: 2},
		"braces":    {Template: "{host}/{shard}/{key}", Shards: 2},
		"two keys":  {Template: "{shard}{key}{key}", Shards: 2},
		"negative":  {Shards: -1},
		"many":      {Shards: prefix.MaxShards + 1},
		"UTF-8":     {Template: "\xff{shard}{key}", Shards: 2},
		"no room":   {Template: strings.Repeat("a", 1023) + "{shard}{key}", Shards: 2},
	}
	for name, l := range tests {
		_, err := prefix.NewSpread(l)
		require.ErrorContains(t, err, "prefix: Layout{", name)
	}
}

func TestLayoutConflicts(t *testing.T) {
	a := func(template string, shards int) prefix.Layout {
		return prefix.Layout{Template: template, Shards: shards}
	}
	tests := map[string]struct {
		one, other prefix.Layout
		conflict   bool
	}{
		"more shards, as many digits":  {a("", 16), a("", 10), false},
		"more shards, more digits":     {a("", 256), a("", 16), false},
		"equal":                        {a("", 16), a("", 16), false},
		"other text":                   {a("v2/{shard}/{key}", 16), a("v1/{shard}/{key}", 16), false},
		"other separator":              {a("{shard}/{key}", 16), a("{shard}-{key}", 16), false},
		"digits or key":                {a("{shard}{key}", 256), a("{shard}{key}", 16), true},
		"digits or text":               {a("{shard}a/{key}", 16), a("{shard}/{key}", 256), true},
		"text or digits":               {a("a{shard}/{key}", 16), a("{shard}/{key}", 256), true},
		"plain below":                  {a("logs/{shard}/{key}", 16), a("logs/{key}", 0), false},
		"plain beside":                 {a("logs-{shard}/{key}", 16), a("logs/{key}", 0), false},
		"plain, anything":              {a("", 16), a("", 0), false},
		"plain among the sharded":      {a("", 16), a("0/{key}", 0), true},
		"plain among the sharded, too": {a("", 16), a("0/x{key}", 0), true},
		"two plain":                    {a("a/{key}", 0), a("b/{key}", 0), false},
		"one plain in the other":       {a("a/{key}", 0), a("{key}", 0), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, pair := range [][2]prefix.Layout{{tt.one, tt.other}, {tt.other, tt.one}} {
				_, err := prefix.NewSpread(pair[0], pair[1])
				if tt.conflict {
					require.ErrorContains(t, err, "prefix: layouts 0 (")
				} else {
					require.NoError(t, err)
				}
			}
		})
	}
}

// histories are layouts as they may follow each other, the newest first.
var histories = map[string][]prefix.Layout{
	"10":           {{Shards: 10}},
	"10 to 16":     {{Shards: 16}, {Shards: 10}},
	"16 to 256":    {{Shards: 256}, {Shards: 16}},
	"32, 20, 10":   {{Shards: 32}, {Shards: 20}, {Shards: 10}},
	"plain to 10":  {{Shards: 10}, {}},
	"10 to plain":  {{}, {Shards: 10}},
	"text":         {{Template: "v2/{shard}/{key}", Shards: 10}, {Template: "v1/{shard}/{key}", Shards: 10}, {Template: "v0/{key}"}},
	"in the plain": {{Template: "logs/{shard}/{key}", Shards: 10}, {Template: "logs/{key}"}},
	"deep":         {{Template: "x/y/{shard}/z/{key}", Shards: 10}, {}},
	"no text":      {{Template: "{shard}{key}", Shards: 4}},
}

// TestSpreadGrows: whatever layout an object was written in, Original knows it and
// Lookup finds it, the newest first.
func TestSpreadGrows(t *testing.T) {
	keys := []string{"20261122/host", "a", "ä/b", "zz/", "x/y", "logs"}
	for name, layouts := range histories {
		t.Run(name, func(t *testing.T) {
			s := newSpread(t, layouts[0], layouts[1:]...)
			for _, key := range keys {
				var want []string
				for _, l := range layouts {
					old, err := newSpread(t, l).Key(key)
					require.NoError(t, err)
					if !slices.Contains(want, old) {
						want = append(want, old)
					}
					back, ok := s.Original(old)
					require.True(t, ok)
					require.Equal(t, key, back)
				}
				require.Equal(t, want, s.Lookup(key))
				now, err := s.Key(key)
				require.NoError(t, err)
				require.Equal(t, want[0], now)
			}
		})
	}

	// A key that is too long for the new layout is still found.
	s := newSpread(t, prefix.Layout{Shards: 256}, prefix.Layout{})
	long := strings.Repeat("k", 1024)
	_, err := s.Key(long)
	require.ErrorIs(t, err, prefix.ErrKeyTooLong)
	require.Equal(t, []string{long}, s.Lookup(long))

	// A plain key with the form of a sharded one belongs to nobody, or to the shard.
	_, ok := s.Original("00/a")
	require.False(t, ok)
	back, ok := s.Original("ca/a")
	require.True(t, ok)
	require.Equal(t, "a", back)
	s = newSpread(t, prefix.Layout{}, prefix.Layout{Shards: 256})
	_, err = s.Key("00/a")
	require.ErrorContains(t, err, "has the form of a sharded one")
}

func BenchmarkSpreadKey(b *testing.B) {
	s := newSpread(b, prefix.Layout{Shards: 16})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Key("20261122/host-0123456789/application/access.log.gz"); err != nil {
			b.Fatal(err)
		}
	}
}
