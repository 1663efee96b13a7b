package rival_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/rival"
)

func TestSize(t *testing.T) {
	for s, want := range map[string]rival.Size{
		"0": 0, "1": 1, "1023": 1023, "1K": 1 << 10, "100K": 100 << 10, "1200K": 1200 << 10, "32M": 32 << 20, "1025K": 1025 << 10, "2047M": 2047 << 20,
	} {
		got, err := rival.ParseSize(s)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, s, got.String())
	}
	for _, s := range []string{"", "K", "-1", "1.5M", "2048M", "2147483648", "1k", "1G"} {
		_, err := rival.ParseSize(s)
		require.ErrorContains(t, err, "size", s)
	}
}
