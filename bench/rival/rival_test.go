package rival_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
)

// TestEveryRivalDeliversTheObject is what makes the benchmarks worth running.
func TestEveryRivalDeliversTheObject(t *testing.T) {
	sizes := []rival.Size{1, 100 << 10, 1200 << 10, 5<<20 + 7}
	for _, kind := range server.Kinds() {
		for _, tls := range []bool{false, true} {
			target, err := server.Start(t.Context(), kind, server.Options{TLS: tls, KeepUploads: true})
			if errors.Is(err, server.ErrScheme) {
				continue
			}
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, target.Close()) })

			for _, size := range sizes {
				scene := rival.NewScene(target, size, t.TempDir())
				want := sha256.Sum256(server.Content(int(size)))
				for _, c := range rival.Contests() {
					if c.Via == "putmany" && size > 100<<10 {
						continue // hundreds of objects, and no more to see than from ten
					}
					for _, e := range c.Entries {
						name := kind + "/" + target.Scheme + "/" + size.String() + "/" + c.Verb + "/" + c.Via + "/" + e.Name
						t.Run(name, func(t *testing.T) { deliver(t, scene, e, want) })
					}
				}
			}
		}
	}
}

// deliver moves the object twice: the second time out of recycled memory.
func deliver(t *testing.T, scene *rival.Scene, e rival.Entry, want [sha256.Size]byte) {
	r, err := e.New(t.Context(), scene)
	require.NoError(t, err)
	for range 2 {
		seen := false
		err := r.Move(t.Context(), func(b []byte) {
			seen = true
			require.Len(t, b, int(scene.Size))
			require.Equal(t, want, sha256.Sum256(b), "SHA-256")
		})
		require.NoError(t, err)
		require.True(t, seen)
	}
}

// TestErrorsKeepTheSignature: the URL of the raw floor is as good as a credential
// of whatever S3 it was pointed at.
func TestErrorsKeepTheSignature(t *testing.T) {
	target, err := server.Start(t.Context(), "range", server.Options{})
	require.NoError(t, err)
	scene := rival.NewScene(target, 100, t.TempDir())
	var raws []rival.Rival
	for _, c := range rival.Contests() {
		for _, e := range c.Entries {
			if e.Name == rival.Raw {
				r, err := e.New(t.Context(), scene)
				require.NoError(t, err)
				raws = append(raws, r)
			}
		}
	}
	require.NoError(t, target.Close())
	require.NotEmpty(t, raws)
	for _, r := range raws {
		err := r.Move(t.Context(), nil)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "X-Amz")
	}
}
