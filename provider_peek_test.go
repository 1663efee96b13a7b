package s3pool

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
)

// TestPeek fails if the manager has changed its inside. Everything would still
// work then, but slower: mend provider_peek.go.
func TestPeek(t *testing.T) {
	for _, rng := range []*string{nil, aws.String("bytes=3-9")} {
		spy := &peekSpy{}
		d := manager.NewDownloader(sizingClient{spy}, func(d *manager.Downloader) { d.BufferProvider = spy })
		dst := NewWriteAtBuffer()
		_, err := d.Download(context.Background(), dst, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Range: rng})
		require.NoError(t, err)
		require.NotNil(t, spy.chunk.id)
		want := chunk{dst: dst, off: 0, size: manager.DefaultDownloadPartSize, id: spy.chunk.id}
		if rng != nil {
			want.size, want.whole = 0, true
		}
		require.Equal(t, want, spy.chunk)
		require.NotNil(t, spy.body)
		n, all, ok := spy.body.fits(spy.chunk)
		require.Equal(t, []any{7, 7, true}, []any{n, all, ok})
		dst.Release()
	}
}

func TestPeekElsewhere(t *testing.T) {
	for _, w := range []io.Writer{nil, io.Discard, &strings.Builder{}, (*strings.Builder)(nil)} {
		_, ok := peekChunk(w)
		require.False(t, ok)
	}
	for _, r := range []io.Reader{nil, strings.NewReader(""), (*strings.Reader)(nil), &sizedBody{}} {
		require.Nil(t, peekBody(r))
	}
}

type peekSpy struct {
	w     io.Writer
	chunk chunk
	body  *sizedBody
}

func (s *peekSpy) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{
		Body:          io.NopCloser(strings.NewReader("content")),
		ContentLength: aws.Int64(7),
		ContentRange:  aws.String(strings.Replace(aws.ToString(in.Range), "=", " ", 1) + "/7"),
	}, nil
}

func (s *peekSpy) GetReadFrom(w io.Writer) (manager.WriterReadFrom, func()) {
	s.w = w
	return s, func() {}
}

func (s *peekSpy) Write(p []byte) (int, error) { return s.w.Write(p) }

func (s *peekSpy) ReadFrom(r io.Reader) (int64, error) {
	s.chunk, _ = peekChunk(s.w)
	s.body = peekBody(r)
	return io.Copy(struct{ io.Writer }{s.w}, r)
}
