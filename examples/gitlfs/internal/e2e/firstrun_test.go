package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// random returns bytes that are the same for the same seed.
func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	r.Read(b)
	return b
}

// mebibytes returns the size that an environment variable asks for, in bytes.
func mebibytes(t testing.TB, env string, otherwise int64) int64 {
	t.Helper()
	if s := os.Getenv(env); s != "" {
		_, err := fmt.Sscan(s, &otherwise)
		require.NoError(t, err, env)
	}
	return otherwise << 20
}

// A new user: one command, the lines that it prints, push, clone. GITLFS_E2E_LARGE_MIB is the
// size of the largest file; 64 MiB if unset.
func TestFirstRun(t *testing.T) {
	large := mebibytes(t, "GITLFS_E2E_LARGE_MIB", 64)
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			dir := t.TempDir()
			p := run(t, nil, local(dir)...)
			r := &repo{t, filepath.Join(t.TempDir(), "work"), c.env(t)}
			(&repo{t, filepath.Dir(r.dir), r.env}).git("init", "-q", "work")
			r.git("init", "-q", "--bare", "../remote.git")
			r.git("remote", "add", "origin", "../remote.git")
			lines := regexp.MustCompile(`(?m)^    git (.*)$`).FindAllStringSubmatch(p.out(), -1)
			require.Len(t, lines, 3, p.out())
			for _, m := range lines {
				r.git(strings.Fields(strings.NewReplacer("OWNER", "acme", "REPO", "a").Replace(m[1]))...)
			}
			require.Equal(t, "true\n", r.git("config", "lfs.locksverify"))

			files := manyFiles(t)
			for name, data := range files {
				r.write(name, data)
			}
			f, err := os.Create(filepath.Join(r.dir, "large.bin"))
			require.NoError(t, err)
			_, err = io.Copy(f, repeated(1, large))
			require.NoError(t, err)
			require.NoError(t, f.Close())
			r.git("lfs", "track", "*.bin")
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			clone := r.clone()
			for name, data := range files {
				require.True(t, bytes.Equal(data, clone.read(name)), name)
			}
			require.Equal(t, digest(t, filepath.Join(r.dir, "large.bin")), digest(t, filepath.Join(clone.dir, "large.bin")))
			require.NotContains(t, p.log(), strings.TrimSpace(string((&repo{t: t, dir: dir}).read("admin-password"))), "a secret is logged")
			require.NotContains(t, p.log(), "Bearer", "a secret is logged")

			// The same lines again after a restart.
			first := p.out()
			p.term()
			p.wait()
			p = run(t, nil, local(dir)...)
			withoutPort := regexp.MustCompile(`127\.0\.0\.1:\d+`)
			require.Equal(t, withoutPort.ReplaceAllString(first, ""), withoutPort.ReplaceAllString(p.out(), ""))
		})
	}
}

// manyFiles are files of all kinds. git-lfs looks at the bytes and sends a Content-Type of
// their kind.
func manyFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{
		"empty.bin": {}, "small.bin": []byte("x"), "ünï cödé/日本 語.bin": []byte("unicode"),
		"text.bin": []byte(strings.Repeat("hello\n", 1000)), "html.bin": []byte("<!DOCTYPE html><html></html>"),
	}
	var picture, packed bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 100, 100))))
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte("packed"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	files["picture.bin"], files["packed.bin"] = picture.Bytes(), packed.Bytes()
	for i := range 500 {
		files[fmt.Sprintf("many/%d.bin", i)] = fmt.Appendf(nil, "file %d", i)
	}
	return files
}

func digest(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	require.NoError(t, err)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// repeated is a body of n bytes: one piece again and again.
func repeated(seed uint64, n int64) io.Reader {
	piece := random(seed, 1<<20)
	var readers []io.Reader
	for ; n > 0; n -= int64(len(piece)) {
		readers = append(readers, bytes.NewReader(piece[:min(n, int64(len(piece)))]))
	}
	return io.MultiReader(readers...)
}
