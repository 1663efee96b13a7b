package lfs_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
)

// What has been decoded and checked is what the client has sent, and any database takes it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"path":"a/ü"}`, `{"path":"\ud83d\ude00"}`, `{"path":"\ud800"}`, `{"path":"\ud800\ud800\udc00"}`, `{"path":"\\ud800"}`,
		`{"path":"\udc00\ud800"}`, "{\"path\":\"\xff\"}", `{"path":"\u0000"}`, `{"path":"�"}`, `{"path":"\ufffd"}`, `{"path":"\u12`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var req lfs.LockRequest
		if lfs.Decode(data, &req) != nil {
			return
		}
		if req.Path != "" && strings.ContainsRune(req.Path, utf8.RuneError) {
			text := strings.ToLower(string(data))
			require.True(t, strings.Contains(text, `\ufffd`) || strings.ContainsRune(text, utf8.RuneError), "%q has become %q", data, req.Path)
		}
		if lfs.CheckPath(req.Path) != nil {
			return
		}
		require.True(t, utf8.ValidString(req.Path))
		require.NotContains(t, req.Path, "\x00")
		require.LessOrEqual(t, len(req.Path), lfs.MaxPath)
		again, err := json.Marshal(req)
		require.NoError(t, err)
		var same lfs.LockRequest
		require.NoError(t, lfs.Decode(again, &same))
		require.Equal(t, req, same)
	})
}

// A name that is accepted is one step of a path: it leads nowhere else, and needs no escape.
func FuzzValidName(f *testing.F) {
	for _, seed := range []string{"acme", "..", ".", "a/b", "a%2fb", "a\x00", "-a", ".git", "ü", strings.Repeat("a", 101)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !lfs.ValidName(name) {
			return
		}
		require.NotContains(t, []string{"", ".", ".."}, name)
		require.False(t, strings.ContainsAny(name, "/\\%?#:@ \x00"), "%q", name)
	})
}
