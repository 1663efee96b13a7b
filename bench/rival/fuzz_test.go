package rival_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/rival"
)

// FuzzParseSize: what is read is written the same, and read again the same.
func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"0", "1K", "1200K", "2047M", "K", "-1", "99999999999M", "01K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		size, err := rival.ParseSize(s)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, size, rival.Size(0))
		again, err := rival.ParseSize(size.String())
		require.NoError(t, err)
		require.Equal(t, size, again)
	})
}
