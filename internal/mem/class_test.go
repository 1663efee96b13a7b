package mem

import (
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

func TestClasses(t *testing.T) {
	require.Equal(t, minClassSize, classSize(0))
	require.Equal(t, MaxClassSize, classSize(numClasses-1))
	for i := range numClasses {
		size := classSize(i)
		require.Equal(t, i, classIndex(size))
		if i == 0 {
			require.Equal(t, 0, classIndex(0))
			require.Equal(t, 0, classIndex(1))
			continue
		}
		below := classSize(i - 1)
		require.Equal(t, i, classIndex(below+1), "a byte more than class %d", i-1)
		require.LessOrEqual(t, float64(size-below-1)/float64(size), 0.2, "slack of class %d", i)
	}
}
