package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

func TestMain(m *testing.M) {
	s3server.Main()
	goleak.VerifyTestMain(m)
}

func encode(t *testing.T, m image.Image, as func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, as(&b, m))
	return b.Bytes()
}

// bomb is a PNG of a few dozen bytes that declares width × height pixels.
func bomb(width, height uint32) []byte {
	header := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(header[4:], width)
	binary.BigEndian.PutUint32(header[8:], height)
	header[12], header[13] = 8, 2 // bits, colour
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, header...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(header))
}

func TestThumb(t *testing.T) {
	const maxObject = 256 << 10
	srv := s3servertest.New(t)
	bucket := s3servertest.Bucket(t, srv)
	transparent := image.NewNRGBA(image.Rect(0, 0, 100, 50))
	transparent.Set(1, 1, color.NRGBA{R: 255, A: 255})
	photo := encode(t, paint(400, 300), encodeJPEG)
	for key, data := range map[string][]byte{
		"photo.jpg":         photo,
		"a/b c/ü.jpg":       photo,
		"drawing.png":       encode(t, paint(500, 10), encodePNG),
		"transparent.png":   encode(t, transparent, encodePNG),
		"notes.txt":         []byte("not a picture"),
		"empty":             {},
		"cut.jpg":           photo[:len(photo)/2],
		"bomb.png":          bomb(1<<20, 1<<20),
		"huge":              make([]byte, maxObject+1),
		"largest-not-image": make([]byte, maxObject),
	} {
		_, err := srv.Client().PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: aws.String(key), Body: bytes.NewReader(data),
		})
		require.NoError(t, err, key)
	}

	for name, fetch := range map[string]fetcher{
		"client": newClient(srv.Client(), maxObject),
		"pooled": newPooled(srv.Client(), maxObject),
		"stock":  newStock(srv.Client(), maxObject),
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(newAPI(fetch, bucket, slog.New(slog.DiscardHandler)))
			defer web.Close()
			for _, tc := range []struct {
				path          string
				status        int
				contentType   string
				width, height int
			}{
				{"/thumb/photo.jpg", 200, "image/jpeg", 320, 240},
				{"/thumb/photo.jpg?w=200", 200, "image/jpeg", 200, 150},
				{"/thumb/photo.jpg?w=4096", 200, "image/jpeg", 400, 300}, // never larger
				{"/thumb/photo.jpg?w=1", 200, "image/jpeg", 1, 1},
				{"/thumb/a/b%20c/%C3%BC.jpg?w=20", 200, "image/jpeg", 20, 15},
				{"/thumb/drawing.png?w=50", 200, "image/jpeg", 50, 1},
				{"/thumb/drawing.png?w=10", 200, "image/jpeg", 10, 1},
				{"/thumb/transparent.png?w=50", 200, "image/png", 50, 25},

				{"/thumb/photo.jpg?w=0", 400, "", 0, 0},
				{"/thumb/photo.jpg?w=4097", 400, "", 0, 0},
				{"/thumb/photo.jpg?w=wide", 400, "", 0, 0},
				{"/thumb/none.jpg", 404, "", 0, 0},
				{"/thumb/", 404, "", 0, 0},
				{"/", 404, "", 0, 0},
				{"/thumb/huge", 413, "", 0, 0},
				{"/thumb/bomb.png", 413, "", 0, 0},
				{"/thumb/notes.txt", 422, "", 0, 0},
				{"/thumb/largest-not-image", 422, "", 0, 0},
				{"/thumb/cut.jpg", 422, "", 0, 0},
				{"/thumb/empty", 422, "", 0, 0},
			} {
				t.Run(tc.path, func(t *testing.T) {
					resp, err := web.Client().Get(web.URL + tc.path)
					require.NoError(t, err)
					defer resp.Body.Close()
					body, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					require.Equal(t, tc.status, resp.StatusCode, "%s", body)
					if tc.status != http.StatusOK {
						return
					}
					require.Equal(t, tc.contentType, resp.Header.Get("Content-Type"))
					cfg, format, err := image.DecodeConfig(bytes.NewReader(body))
					require.NoError(t, err)
					require.Equal(t, tc.contentType, "image/"+format)
					require.Equal(t, [2]int{tc.width, tc.height}, [2]int{cfg.Width, cfg.Height})
				})
			}
			require.Zero(t, s3pool.DefaultPool().Stats().Leased, "bytes leased")
		})
	}
}

// fetchFunc is a fetcher without S3.
type fetchFunc func(context.Context) ([]byte, error)

func (f fetchFunc) fetch(ctx context.Context, _, _ string) ([]byte, func(), error) {
	data, err := f(ctx)
	return data, func() {}, err
}

func TestFailures(t *testing.T) {
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for name, tc := range map[string]struct {
		ctx    context.Context
		err    error
		status int
	}{
		"client gone":    {gone, errors.New("whatever"), statusClientGone},
		"S3 is too slow": {t.Context(), fmt.Errorf("download: %w", context.DeadlineExceeded), http.StatusGatewayTimeout},
		"S3 fails":       {t.Context(), errors.New("secret internals"), http.StatusBadGateway},
		"no memory":      {t.Context(), fmt.Errorf("%w: %w", s3pool.ErrBudget, context.DeadlineExceeded), http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			api := newAPI(fetchFunc(func(context.Context) ([]byte, error) { return nil, tc.err }), "b", slog.New(slog.DiscardHandler))
			w := httptest.NewRecorder()
			api.ServeHTTP(w, httptest.NewRequestWithContext(tc.ctx, "GET", "/thumb/x", nil))
			require.Equal(t, tc.status, w.Code)
			require.NotContains(t, w.Body.String(), "secret")
		})
	}
}

func TestClientGoneWhileWaitingForATurn(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	released := false
	a := &api{turns: make(chan struct{}), log: slog.New(slog.DiscardHandler)} // nobody gets a turn
	a.fetch = releaseFetcher{func() { released = true }}
	hangUp()
	r := httptest.NewRequestWithContext(ctx, "GET", "/thumb/x", nil)
	r.SetPathValue("key", "x")
	w := httptest.NewRecorder()
	a.thumb(w, r)
	require.Equal(t, statusClientGone, w.Code)
	require.True(t, released, "the object's memory is still held")
}

type releaseFetcher struct{ release func() }

func (f releaseFetcher) fetch(context.Context, string, string) ([]byte, func(), error) {
	return nil, f.release, nil
}

func TestShrinkKeepsColours(t *testing.T) {
	red := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := 0; i < len(red.Pix); i += 4 {
		red.Pix[i], red.Pix[i+3] = 255, 255
	}
	for name, data := range map[string][]byte{
		"png":  encode(t, red, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) }),
		"jpeg": encode(t, red, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }),
	} {
		t.Run(name, func(t *testing.T) {
			thumb, err := shrink(data, 8)
			require.NoError(t, err)
			c := thumb.picture.RGBAAt(4, 4)
			require.Greater(t, c.R, uint8(245))
			require.Less(t, c.G, uint8(10))
			require.Less(t, c.B, uint8(10))
		})
	}
}
