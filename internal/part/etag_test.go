package part_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
)

const md5 = "d41d8cd98f00b204e9800998ecf8427e"

func TestParseETag(t *testing.T) {
	for text, want := range map[string]struct {
		tag   part.ETag
		parts int
	}{
		`"` + md5 + `"`:                          {part.ETag{Opaque: md5}, 0},
		`"` + md5 + `-1"`:                        {part.ETag{Opaque: md5 + "-1"}, 1},
		`"` + md5 + `-10000"`:                    {part.ETag{Opaque: md5 + "-10000"}, 10000},
		`"` + md5 + `-10001"`:                    {part.ETag{Opaque: md5 + "-10001"}, 0},
		`"` + md5 + `-0"`:                        {part.ETag{Opaque: md5 + "-0"}, 0},
		`"` + md5 + `-05"`:                       {part.ETag{Opaque: md5 + "-05"}, 0},
		`"` + md5 + `-"`:                         {part.ETag{Opaque: md5 + "-"}, 0},
		`"` + md5 + `-5x"`:                       {part.ETag{Opaque: md5 + "-5x"}, 0},
		`"D41D8CD98F00B204E9800998ECF8427E-7"`:   {part.ETag{Opaque: "D41D8CD98F00B204E9800998ECF8427E-7"}, 7},
		`"z41d8cd98f00b204e9800998ecf8427e-7"`:   {part.ETag{Opaque: "z41d8cd98f00b204e9800998ecf8427e-7"}, 0},
		`"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`: {part.ETag{Opaque: "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, 0},
		`"release-12"`:                           {part.ETag{Opaque: "release-12"}, 0},
		`W/"` + md5 + `-3"`:                      {part.ETag{Opaque: md5 + "-3", Weak: true}, 3},
		`""`:                                     {part.ETag{}, 0},
		`W/""`:                                   {part.ETag{Weak: true}, 0},
		"\"\xfcmlaut\"":                          {part.ETag{Opaque: "\xfcmlaut"}, 0},
	} {
		got, err := part.ParseETag(text)
		require.NoError(t, err, text)
		require.Equal(t, want.tag, got, text)
		require.Equal(t, text, got.String())
		require.Equal(t, want.parts, got.Parts(), text)
	}
	bare, err := part.ParseETag(md5)
	require.NoError(t, err, "some stores leave the quotes out")
	require.Equal(t, part.ETag{Opaque: md5}, bare)

	for _, text := range []string{`"`, `"x`, `x"`, `W/x`, `W/`, `W/"x`, `w/"x"`, `"x"y"`, `"a b"`, "\"a\nb\"", "\"a\x7fb\"", `"x" `} {
		got, err := part.ParseETag(text)
		require.ErrorContains(t, err, "the server sent the ETag", text)
		require.Zero(t, got)
	}
	_, err = part.ParseETag("")
	require.EqualError(t, err, "the answer has no ETag header")
}

func FuzzParseETag(f *testing.F) {
	for _, s := range []string{`"x"`, `W/"x"`, `x`, `"` + md5 + `-12"`, `"`, `W/`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := part.ParseETag(s)
		if err != nil {
			require.Zero(t, e)
			return
		}
		again, err := part.ParseETag(e.String())
		require.NoError(t, err)
		require.Equal(t, e, again)
		require.True(t, 0 <= e.Parts() && e.Parts() <= part.MaxParts)
	})
}
