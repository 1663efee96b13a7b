package e2e_test

import (
	"io"
	"net/http/httptrace"
	"sync"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/stretchr/testify/require"
)

// testOverwrite replaces an object while a Reader has read one byte of it and
// fetched two parts. A mixture is what must not come out.
func testOverwrite(t *testing.T, s *store) {
	old, now := random(12, 12*partSize), random(13, 12*partSize)
	s.put(t, "overwrite", old)
	c := s.client(t, func(o *transfer.Options) { o.Concurrency = 2 })
	r, err := c.Open(t.Context(), s.get("overwrite"))
	require.NoError(t, err)
	defer r.Close()
	first := make([]byte, 1)
	_, err = io.ReadFull(r, first)
	require.NoError(t, err)

	sent, replaced := make(chan struct{}), make(chan struct{})
	trace := &httptrace.ClientTrace{
		WroteRequest: func(once func()) func(httptrace.WroteRequestInfo) {
			return func(httptrace.WroteRequestInfo) { once() }
		}(sync.OnceFunc(func() { close(sent) })),
	}
	go func() {
		defer close(replaced)
		if _, err := s.Client().PutObject(httptrace.WithClientTrace(t.Context(), trace), s.input("overwrite", now)); err != nil {
			t.Error(err)
		}
	}()
	if s.overwriteWaits {
		<-sent
	} else {
		<-replaced
	}
	rest, err := io.ReadAll(r)
	got := append(first, rest...)
	requireSame(t, old[:len(got)], got)
	switch {
	case err != nil:
		require.ErrorIs(t, err, transfer.ErrChanged)
		_, err = r.Verify()
		require.ErrorIs(t, err, transfer.ErrChanged)
	case s.overwriteWaits: // there was a GET under way all the time
		require.Len(t, got, len(old))
		v, err := r.Verify()
		require.NoError(t, err)
		require.Equal(t, crc64, v)
	default:
		t.Fatalf("%d bytes of an object that is no more", len(got))
	}
	t.Logf("%d of %d bytes: %v", len(got), len(old), err)
	require.NoError(t, r.Close())
	<-replaced
}
