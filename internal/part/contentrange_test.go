package part_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
)

func TestParseContentRange(t *testing.T) {
	for text, want := range map[string]part.ContentRange{
		"bytes 0-0/1":                   {Range: part.Range{From: 0, To: 1}, Total: 1},
		"bytes 5-9/100":                 {Range: part.Range{From: 5, To: 10}, Total: 100},
		"bytes 5-9/*":                   {Range: part.Range{From: 5, To: 10}, Total: part.Unknown},
		"bytes */100":                   {Total: 100},
		"bytes */0":                     {Total: 0},
		"bytes 0-9223372036854775806/*": {Range: part.Range{To: 9223372036854775807}, Total: part.Unknown},
		"bytes 5000000000-5999999999/6000000000": {
			Range: part.Range{From: 5000000000, To: 6000000000}, Total: 6000000000},
	} {
		got, err := part.ParseContentRange(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		require.Equal(t, text, got.String())
	}
}

func TestParseContentRangeRefuses(t *testing.T) {
	for _, text := range []string{
		"bytes", "bytes ", "bytes=0-9/10", "bytes  0-9/10", " bytes 0-9/10", "items 0-9/10",
		"bytes 0-9", "bytes 0-9/", "bytes /10", "bytes -/10", "bytes 0-/10", "bytes -9/10",
		"bytes 9-0/10", "bytes 0-10/10", "bytes 0-9/9", "bytes 0-9/-1", "bytes 0-9/+10", "bytes 0-9/10/10",
		"bytes */*", "bytes *-*/10", "bytes 0-9/10 ", "bytes 0 - 9/10", "bytes 0-9/10\n", "bytes 0x0-9/10",
		"bytes 0-9223372036854775807/*", "bytes 0-9/9223372036854775808", "bytes 18446744073709551616-18446744073709551617/*",
	} {
		got, err := part.ParseContentRange(text)
		require.ErrorContains(t, err, "which is not a range of bytes", text)
		require.Zero(t, got, text)
	}
	_, err := part.ParseContentRange("")
	require.EqualError(t, err, "the answer has no Content-Range header")
}

func TestContentRangeCheck(t *testing.T) {
	for name, c := range map[string]struct {
		sent  string
		want  part.Range
		total int64
		says  string
	}{
		"as asked":           {"bytes 10-19/100", part.Range{From: 10, To: 20}, 100, ""},
		"total not told":     {"bytes 10-19/*", part.Range{From: 10, To: 20}, 100, ""},
		"total not known":    {"bytes 10-19/100", part.Range{From: 10, To: 20}, part.Unknown, ""},
		"neither":            {"bytes 10-19/*", part.Range{From: 10, To: 20}, part.Unknown, ""},
		"clamped":            {"bytes 90-99/100", part.Range{From: 90, To: 200}, 100, ""},
		"clamped, not known": {"bytes 90-99/100", part.Range{From: 90, To: 200}, part.Unknown, ""},
		"shifted":            {"bytes 11-20/100", part.Range{From: 10, To: 20}, 100, "asked for the bytes 10-19, the server sent 11-20"},
		"short":              {"bytes 10-18/100", part.Range{From: 10, To: 20}, 100, "asked for the bytes 10-19, the server sent 10-18"},
		"long":               {"bytes 10-20/100", part.Range{From: 10, To: 20}, 100, "asked for the bytes 10-19, the server sent 10-20"},
		"from the start":     {"bytes 0-99/100", part.Range{From: 10, To: 20}, 100, "asked for the bytes 10-19, the server sent 0-99"},
		"none":               {"bytes */100", part.Range{From: 10, To: 20}, 100, "asked for the bytes 10-19, the server sent none"},
		"another size":       {"bytes 10-19/101", part.Range{From: 10, To: 20}, 100, "the object had 100 bytes, now it has 101"},
	} {
		t.Run(name, func(t *testing.T) {
			sent, err := part.ParseContentRange(c.sent)
			require.NoError(t, err)
			if err = sent.Check(c.want, c.total); c.says == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, c.says)
			}
		})
	}
}

func FuzzParseContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes 0-9/*", "bytes */10", "bytes 9-0/10", "bytes 00-09/010"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := part.ParseContentRange(s)
		if err != nil {
			require.Zero(t, c)
			return
		}
		require.True(t, 0 <= c.Range.From && c.Range.From <= c.Range.To, "%+v", c)
		require.True(t, c.Total >= c.Range.To || c.Total == part.Unknown && !c.Range.Empty(), "%+v", c)
		again, err := part.ParseContentRange(c.String())
		require.NoError(t, err)
		require.Equal(t, c, again)
		require.NoError(t, c.Check(c.Range, c.Total))
	})
}
