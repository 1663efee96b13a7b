package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseLocation: a location is written as it was read, but for the slash that a bucket
// alone lacks.
func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{"s3://b/k", "s3://b", "s3://", "s3:///k", "file", "s3://b//k?x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := parseLocation(s)
		require.Equal(t, strings.HasPrefix(s, "s3://"), ok)
		if ok {
			require.Contains(t, []string{s, s + "/"}, l.String())
			require.NotContains(t, l.bucket, "/")
		}
	})
}
