package server

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		header string
		size   int
		want   byteRange
		ok     bool
		err    error
	}{
		{"bytes=0-0", 1, byteRange{0, 1}, true, nil},
		{"bytes=0-18446744073709551615", 5, byteRange{}, false, nil}, // past int64: not understood
		{"bytes=0-9223372036854775807", 5, byteRange{0, 5}, true, nil},
		{"bytes=2-", 5, byteRange{2, 5}, true, nil},
		{"bytes=-2", 5, byteRange{3, 5}, true, nil},
		{"bytes=-9223372036854775807", 5, byteRange{0, 5}, true, nil},
		{"bytes=-1", 0, byteRange{}, false, errUnsatisfiable},
		{"bytes=-0", 5, byteRange{}, false, errUnsatisfiable},
		{"bytes=5-", 5, byteRange{}, false, errUnsatisfiable},
		{"bytes=0-0", 0, byteRange{}, false, errUnsatisfiable},
		{"", 5, byteRange{}, false, nil},
		{"bytes=", 5, byteRange{}, false, nil},
		{"bytes=-", 5, byteRange{}, false, nil},
		{"bytes=3-2", 5, byteRange{}, false, nil},
		{"bytes=0-1,3-4", 5, byteRange{}, false, nil},
		{"bytes=a-b", 5, byteRange{}, false, nil},
		{"lines=0-1", 5, byteRange{}, false, nil},
	} {
		got, ok, err := parseRange(c.header, c.size)
		require.Equal(t, c.err, err, "%q of %d", c.header, c.size)
		require.Equal(t, c.ok, ok, "%q of %d", c.header, c.size)
		require.Equal(t, c.want, got, "%q of %d", c.header, c.size)
	}
}

func FuzzParseRange(f *testing.F) {
	for _, header := range []string{"bytes=0-0", "bytes=5-", "bytes=-5", "bytes=0-1,3-4", "bytes=--1", "x"} {
		f.Add(header, 10)
	}
	f.Fuzz(func(t *testing.T, header string, size int) {
		if size < 0 {
			return
		}
		r, ok, err := parseRange(header, size)
		if ok {
			require.NoError(t, err)
			require.True(t, 0 <= r.start && r.start < r.end && r.end <= size, "%q of %d: %v", header, size, r)
		} else {
			require.Zero(t, r)
		}
	})
}
