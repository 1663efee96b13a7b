package part_test

import (
	"math"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
)

func TestParseRange(t *testing.T) {
	type resolved struct {
		size, from, to int64 // from < 0: 416
	}
	for text, cases := range map[string][]resolved{
		"":                              {{0, 0, 0}, {10, 0, 10}},
		"bytes=0-":                      {{0, -1, 0}, {1, 0, 1}, {10, 0, 10}},
		"bytes=3-":                      {{3, -1, 0}, {4, 3, 4}, {10, 3, 10}},
		"bytes=0-0":                     {{0, -1, 0}, {1, 0, 1}, {10, 0, 1}},
		"bytes=3-6":                     {{3, -1, 0}, {4, 3, 4}, {6, 3, 6}, {7, 3, 7}, {10, 3, 7}},
		"bytes=-4":                      {{0, -1, 0}, {3, 0, 3}, {4, 0, 4}, {10, 6, 10}},
		"bytes=-0":                      {{0, -1, 0}, {10, -1, 0}},
		"bytes=3-9223372036854775807":   {{10, 3, 10}, {math.MaxInt64, 3, math.MaxInt64}},
		"bytes=-9223372036854775807":    {{0, -1, 0}, {10, 0, 10}},
		"bytes=9223372036854775807-":    {{math.MaxInt64, -1, 0}},
		"bytes=50000000000-60000000000": {{1 << 40, 50000000000, 60000000001}},
		"bytes=-5000000000":             {{1 << 40, 1<<40 - 5000000000, 1 << 40}},
		"bytes=8589934592-8589934592":   {{1 << 40, 8589934592, 8589934593}},
		"bytes=4611686018427387904-":    {{math.MaxInt64, 1 << 62, math.MaxInt64}},
		"bytes=0-9223372036854775806":   {{math.MaxInt64, 0, math.MaxInt64}},
		"bytes=1-1":                     {{1, -1, 0}, {2, 1, 2}},
		"bytes=9223372036854775806-9223372036854775806": {{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64}},
	} {
		spec, err := part.ParseRange(text)
		require.NoError(t, err, text)
		require.Equal(t, text, spec.String())
		require.Equal(t, text == "", spec.Whole())
		for _, c := range cases {
			r, ok := spec.Resolve(c.size)
			require.Equal(t, c.from >= 0, ok, "%q of %d bytes", text, c.size)
			if ok {
				require.Equal(t, part.Range{From: c.from, To: c.to}, r, "%q of %d bytes", text, c.size)
			} else {
				require.Zero(t, r)
			}
		}
	}
	spec, err := part.ParseRange("BYTES=007-9")
	require.NoError(t, err)
	require.Equal(t, "bytes=7-9", spec.String())
}

func TestParseRangeRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"0-9":                         `must begin with "bytes="`,
		"bytes":                       `must begin with "bytes="`,
		"bytes 0-9":                   `must begin with "bytes="`,
		"bytes = 0-9":                 `must begin with "bytes="`,
		" bytes=0-9":                  `must begin with "bytes="`,
		"items=0-9":                   `must begin with "bytes="`,
		"bytes=":                      `has no "-" between the first and the last byte`,
		"bytes=5":                     `has no "-" between the first and the last byte`,
		"bytes=0-4,6-9":               "has several ranges, S3 takes one at a time",
		"bytes=0-4,":                  "has several ranges, S3 takes one at a time",
		"bytes=-":                     `"" is not a number`,
		"bytes=--5":                   `"-5" is not a number`,
		"bytes=x-5":                   `"x" is not the number of a byte`,
		"bytes=+1-5":                  `"+1" is not the number of a byte`,
		"bytes= 1-5":                  `" 1" is not the number of a byte`,
		"bytes=1-5 ":                  `"5 " is not a number`,
		"bytes=1-0x5":                 `"0x5" is not a number`,
		"bytes=1_0-20":                `"1_0" is not the number of a byte`,
		"bytes=5-4":                   "the last byte comes before the first",
		"bytes=0-9223372036854775808": `"9223372036854775808" is not a number`,
	} {
		spec, err := part.ParseRange(text)
		require.Error(t, err, text)
		require.Contains(t, err.Error(), says, text)
		require.True(t, strings.HasPrefix(err.Error(), `range "`+text+`": `), err.Error())
		require.Zero(t, spec)
	}
}

// FuzzParseRange checks that what is accepted survives being written, and
// resolves to bytes that exist.
func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"", "bytes=0-9", "bytes=5-", "bytes=-5", "bytes=0-1,2-3", "bytes=-"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, s string, size int64) {
		spec, err := part.ParseRange(s)
		if err != nil {
			require.Zero(t, spec)
			return
		}
		again, err := part.ParseRange(spec.String())
		require.NoError(t, err)
		require.Equal(t, spec, again)
		if size < 0 {
			return
		}
		r, ok := spec.Resolve(size)
		require.True(t, 0 <= r.From && r.From <= r.To && r.To <= size, "%+v of %d", r, size)
		require.Equal(t, ok && !(spec.Whole() && size == 0), r.Len() > 0)
	})
}
