package server_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

func TestRange(t *testing.T) {
	h := start(t)
	data := random(1, multipart)
	h.push(data)
	a := h.batch("ann", lfs.Download, data).Actions["download"]
	status, header, got := h.act("GET", a, nil, "Range", "bytes=1000-", "If-Range", `"`+oidOf(data)+`"`)
	require.Equal(t, http.StatusPartialContent, status)
	require.Equal(t, fmt.Sprintf("bytes 1000-%d/%d", multipart-1, multipart), header.Get("Content-Range"))
	require.Equal(t, data[1000:], got)
	status, header, got = h.act("GET", a, nil, "Range", fmt.Sprintf("bytes=%d-", multipart))
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, status)
	require.Equal(t, fmt.Sprintf("bytes */%d", multipart), header.Get("Content-Range"))
	requireProblem(t, header, got)
}

// Ranges beyond what 32 bits hold, of an S3 whose objects are as long as one likes.
func TestLargeRange(t *testing.T) {
	const size = 5<<30 + 7
	s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"1"`)
		http.ServeContent(w, r, "", time.Unix(1e9, 0), &pattern{size: size})
	}))
	defer s3.Close()
	h := start(t, func(o *server.Options) {
		api := s3test.NewClient(s3.URL, s3.Client())
		o.Content = content.New(api, transfer.New(api), "bucket", "")
	})
	oid := oidOf([]byte("of a large object"))
	repo, _, err := h.store.EnsureRepository(t.Context(), "acme/a")
	require.NoError(t, err)
	_, err = h.store.Commit(t.Context(), store.Reference{Repository: repo.ID, OID: oid, Size: size, Key: "key"})
	require.NoError(t, err)
	var out lfs.BatchResponse
	h.call(200, "ann", "POST", "/objects/batch", lfs.BatchRequest{Operation: lfs.Download, Objects: []lfs.Object{{OID: oid, Size: size}}}, &out)
	a := out.Objects[0].Actions["download"]
	for _, from := range []int64{1 << 31, 1<<32 + 3, size - 1} {
		to := min(from+999, size-1)
		status, header, body := h.act("GET", a, nil, "Range", fmt.Sprintf("bytes=%d-%d", from, to))
		require.Equal(t, http.StatusPartialContent, status)
		require.Equal(t, fmt.Sprintf("bytes %d-%d/%d", from, to, int64(size)), header.Get("Content-Range"))
		want := make([]byte, to-from+1)
		_, err := io.ReadFull(&pattern{at: from, size: size}, want)
		require.NoError(t, err)
		require.Equal(t, want, body)
	}
	// The end, as a client asks for it that has the rest.
	status, header, body := h.act("GET", a, nil, "Range", fmt.Sprintf("bytes=%d-", int64(size-100)), "If-Range", `"`+oid+`"`)
	require.Equal(t, http.StatusPartialContent, status)
	require.Len(t, body, 100)
	require.Equal(t, fmt.Sprintf("bytes %d-%d/%d", int64(size-100), int64(size-1), int64(size)), header.Get("Content-Range"))
	status, header, body = h.act("GET", a, nil, "Range", fmt.Sprintf("bytes=%d-", int64(size)))
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, status)
	require.Equal(t, fmt.Sprintf("bytes */%d", int64(size)), header.Get("Content-Range"))
	requireProblem(t, header, body)
	status, header, _ = h.act("HEAD", a, nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, fmt.Sprint(int64(size)), header.Get("Content-Length"))
}

// A pattern is content that tells where it is: byte n is n + n>>8 + n>>16 + n>>32.
type pattern struct{ at, size int64 }

// Read implements io.Reader.
func (p *pattern) Read(b []byte) (n int, err error) {
	for ; n < len(b) && p.at < p.size; n++ {
		b[n] = byte(p.at + p.at>>8 + p.at>>16 + p.at>>32)
		p.at++
	}
	if n == 0 && len(b) > 0 {
		err = io.EOF
	}
	return n, err
}

// Seek implements io.Seeker.
func (p *pattern) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return 0, errors.New("before the beginning")
	}
	p.at = offset
	return offset, nil
}
