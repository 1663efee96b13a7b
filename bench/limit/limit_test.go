package limit_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/server"
)

func TestMain(m *testing.M) {
	server.Main()
	limit.Main()
	os.Exit(m.Run())
}

func TestResume(t *testing.T) {
	for _, s := range limit.Resume(t.Context(), 40<<20) {
		t.Logf("%-16s %.3f, %d breaks: %v", s.Name, s.Ratio(), s.Breaks, s.Err)
		switch {
		case s.Ours:
			require.NoError(t, s.Err, s.Name)
			require.EqualValues(t, 5, s.Breaks, s.Name)
			require.LessOrEqual(t, s.Ratio(), 1.01, s.Name)
		case s.Name == "manager":
			require.NoError(t, s.Err)
			require.Greater(t, s.Ratio(), 1.3)
		}
	}
}

func TestMemory(t *testing.T) {
	load := limit.Load{Gets: 16, Size: 3 << 20, MaxBytes: 8 << 20}
	f, err := limit.Memory(t.Context(), load)
	require.NoError(t, err)
	require.Positive(t, f.Leased)
	require.LessOrEqual(t, f.Leased, load.MaxBytes)
	t.Logf("%+v", f)
}
