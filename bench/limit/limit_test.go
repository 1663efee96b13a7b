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

// TestLarge: every call moves the whole of an object that is larger than what the server holds,
// on its budget.
func TestLarge(t *testing.T) {
	target, err := server.Start(t.Context(), "range", server.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, target.Close()) })
	for _, call := range limit.LargeCalls() {
		l := limit.Large{Call: call, Size: server.MaxSize + 7, InTurn: 2, MaxBytes: 64 << 20, Dir: t.TempDir()}
		f, err := l.Footprint(t.Context(), target)
		require.NoError(t, err, call)
		require.Len(t, f.Turns, 2, call)
		require.LessOrEqual(t, f.Leased, l.MaxBytes, call)
		t.Logf("%-20s %+v", call, f)
	}
	_, err = limit.Large{Call: "nothing", Size: 1}.Footprint(t.Context(), target)
	require.Error(t, err)
}
