package limit_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/limit"
)

func TestUploads(t *testing.T) {
	const fileSize = 17<<20 + 7
	file, err := limit.SparseFile(fileSize)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.Remove(file)) })
	for _, way := range limit.Uploaders() {
		for _, u := range []limit.Uploads{
			{AtOnce: 2, InTurn: 2, Size: 9<<20 + 7, MaxBytes: 16 << 20},
			{AtOnce: 1, InTurn: 1, Size: fileSize, File: file},
		} {
			u.Way = way
			f, err := u.Footprint(t.Context(), u.File != "")
			require.NoError(t, err, "%+v", u)
			require.Len(t, f.Turns, u.InTurn)
			require.Positive(t, f.Took)
			require.Positive(t, f.Turns[0].Allocated)
			switch {
			case way != "s3pool" || u.File != "":
				require.Zero(t, f.Leased, "%+v", u)
				require.Zero(t, f.Turns[0].Made, "%+v", u)
			default:
				require.Positive(t, f.Leased)
				require.LessOrEqual(t, f.Leased, u.MaxBytes)
				require.Positive(t, f.Turns[0].Made)
			}
		}
	}
	_, err = limit.Uploads{Way: "nobody", AtOnce: 1, InTurn: 1, Size: 1}.Footprint(t.Context(), false)
	require.Error(t, err)
}
