package s3pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
)

// A destination is a kind of io.WriterAt that a download may go to.
type destination struct {
	name string
	open func(t testing.TB, p *s3pool.Pool, size int) (w io.WriterAt, content func() []byte)
}

var destinations = []destination{
	{"s3pool.WriteAtBuffer", func(t testing.TB, p *s3pool.Pool, size int) (io.WriterAt, func() []byte) {
		b := p.NewWriteAtBuffer()
		return b, func() []byte {
			defer b.Release()
			return bytes.Clone(b.Bytes())
		}
	}},
	{"manager.WriteAtBuffer unsized", func(t testing.TB, p *s3pool.Pool, size int) (io.WriterAt, func() []byte) {
		b := manager.NewWriteAtBuffer(nil)
		return b, b.Bytes
	}},
	{"manager.WriteAtBuffer sized", func(t testing.TB, p *s3pool.Pool, size int) (io.WriterAt, func() []byte) {
		b := manager.NewWriteAtBuffer(make([]byte, size))
		return b, b.Bytes
	}},
	{"manager.WriteAtBuffer with capacity", func(t testing.TB, p *s3pool.Pool, size int) (io.WriterAt, func() []byte) {
		b := manager.NewWriteAtBuffer(make([]byte, 0, size))
		return b, b.Bytes
	}},
	{"file", func(t testing.TB, p *s3pool.Pool, size int) (io.WriterAt, func() []byte) {
		f, err := os.Create(filepath.Join(t.TempDir(), "object"))
		require.NoError(t, err)
		return f, func() []byte {
			require.NoError(t, f.Close())
			b, err := os.ReadFile(f.Name())
			require.NoError(t, err)
			return b
		}
	}},
	{"wrapped", func(t testing.TB, p *s3pool.Pool, size int) (io.WriterAt, func() []byte) {
		b := manager.NewWriteAtBuffer(nil)
		return struct{ io.WriterAt }{b}, b.Bytes
	}},
}

// downloaders are the ways to come by a Downloader with a Provider.
var downloaders = []struct {
	name string
	make func(p *s3pool.Pool, c manager.DownloadAPIClient, optFns ...func(*manager.Downloader)) *manager.Downloader
}{
	{"NewDownloader", func(p *s3pool.Pool, c manager.DownloadAPIClient, optFns ...func(*manager.Downloader)) *manager.Downloader {
		return p.NewDownloader(c, optFns...)
	}},
	{"Provider alone", func(p *s3pool.Pool, c manager.DownloadAPIClient, optFns ...func(*manager.Downloader)) *manager.Downloader {
		return manager.NewDownloader(c, append(optFns, func(d *manager.Downloader) { d.BufferProvider = p.NewProvider() })...)
	}},
}

// TestDownload compares with the stock Downloader: bytes, count and error.
func TestDownload(t *testing.T) {
	for _, dst := range destinations {
		for _, down := range downloaders {
			for _, noLength := range []bool{false, true} {
				for _, budget := range []int64{0, 8 * mib, 4 * kib} {
					t.Run(fmt.Sprintf("%s/%s/noLength=%t/budget=%d", dst.name, down.name, noLength, budget), func(t *testing.T) {
						p := newPool(t, withBudget(budget))
						for _, size := range []int{0, 1, 4 * kib, testPart - 1, testPart, testPart + 1, 2*testPart + 7, 5*testPart + 100} {
							for _, rng := range []string{"", "bytes=10-200000"} {
								c := &pooltest.FakeS3{Object: pattern(size), NoLength: noLength}
								small := func(d *manager.Downloader) { d.PartSize = testPart; d.Concurrency = 3 }

								ref := manager.NewWriteAtBuffer(nil)
								wantN, wantErr := manager.NewDownloader(c, small).Download(t.Context(), ref, get(rng))

								w, content := dst.open(t, p, len(ref.Bytes()))
								n, err := down.make(p, c, small).Download(t.Context(), w, get(rng))
								got := content()
								if errors.Is(err, s3pool.ErrTooLarge) || errors.Is(err, s3pool.ErrBudget) {
									require.NotZero(t, budget)
									require.Equal(t, "s3pool.WriteAtBuffer", dst.name, "only pooled memory can be refused")
									require.Greater(t, int64(2*size), budget)
									continue
								}
								what := fmt.Sprintf("%d bytes, range %q", size, rng)
								require.Equal(t, wantErr, err, what)
								require.Equal(t, wantN, n, what)
								require.True(t, bytes.Equal(ref.Bytes(), got), "%s: %d bytes, want %d", what, len(got), len(ref.Bytes()))
							}
						}
					})
				}
			}
		}
	}
}

// TestDownloadOverHTTP is the same with the SDK's client and the default part
// size.
func TestDownloadOverHTTP(t *testing.T) {
	for _, size := range []int{100_000, 1_200_000, 10_000_000} {
		object := pattern(size)
		c := pooltest.HTTPS3(t, object)
		for _, dst := range destinations {
			for _, down := range downloaders {
				p := newPool(t)
				w, content := dst.open(t, p, size)
				n, err := down.make(p, c).Download(t.Context(), w, get(""))
				require.NoError(t, err)
				require.EqualValues(t, size, n)
				require.True(t, bytes.Equal(object, content()), "%s by %s, %d bytes", dst.name, down.name, size)
			}
		}
	}
}

// TestSmallObjectsTakeSmallBuffers: an object of 100 KB must not cost a part.
func TestSmallObjectsTakeSmallBuffers(t *testing.T) {
	c := &pooltest.FakeS3{Object: pattern(100_000)}
	for _, dst := range destinations {
		for _, down := range downloaders {
			p := newPool(t)
			w, content := dst.open(t, p, 100_000)
			_, err := down.make(p, c).Download(t.Context(), w, get(""))
			require.NoError(t, err)
			content()
			for _, class := range p.Stats().Classes {
				require.LessOrEqual(t, class.Size, 128*kib, "%s by %s", dst.name, down.name)
			}
		}
	}
}

// TestDownloadRetriesABrokenPart: the manager asks again for a part whose body
// broke, and the part starts over in the same place.
func TestDownloadRetriesABrokenPart(t *testing.T) {
	object := pattern(3*testPart + 5)
	for _, dst := range destinations {
		for _, down := range downloaders {
			p := newPool(t)
			c := &pooltest.FakeS3{Object: object, Body: func(n int64, r io.Reader) io.Reader {
				if n%2 == 0 {
					return io.MultiReader(io.LimitReader(r, 1000+n), iotest.ErrReader(io.ErrUnexpectedEOF))
				}
				return r
			}}
			w, content := dst.open(t, p, len(object))
			d := down.make(p, c, func(d *manager.Downloader) { d.PartSize = testPart; d.Concurrency = 1 })
			n, err := d.Download(t.Context(), w, get(""))
			require.NoError(t, err)
			require.EqualValues(t, len(object), n)
			require.True(t, bytes.Equal(object, content()), "%s by %s", dst.name, down.name)
		}
	}
}

// TestDownloadOfABodyLongerThanItsLength: what the stock Downloader makes of it.
func TestDownloadOfABodyLongerThanItsLength(t *testing.T) {
	for _, size := range []int{1000, 32 * kib, 100_000} {
		for _, dst := range destinations {
			p := newPool(t)
			c := &pooltest.FakeS3{Object: pattern(size), Body: func(_ int64, r io.Reader) io.Reader {
				return io.MultiReader(r, bytes.NewReader(pattern(50_000)))
			}}
			w, content := dst.open(t, p, 0)
			n, err := p.NewDownloader(c).Download(t.Context(), w, get(""))
			require.NoError(t, err)
			require.EqualValues(t, size+50_000, n)
			require.True(t, bytes.Equal(append(pattern(size), pattern(50_000)...), content()), dst.name)
		}
	}
}

func TestDownloadReportsTheDestinationsError(t *testing.T) {
	full := errors.New("disk full")
	for _, down := range downloaders {
		p := newPool(t)
		d := down.make(p, &pooltest.FakeS3{Object: pattern(10 * kib)}, func(d *manager.Downloader) { d.PartBodyMaxRetries = 0 })
		_, err := d.Download(t.Context(), writerAtFunc(func(p []byte, off int64) (int, error) { return 0, full }), get(""))
		require.ErrorIs(t, err, full, down.name)
		_, err = d.Download(t.Context(), writerAtFunc(func(p []byte, off int64) (int, error) { return len(p) - 1, nil }), get(""))
		require.ErrorIs(t, err, io.ErrShortWrite, down.name)
	}
}

// TestDownloadsShareABudget: more downloads than the budget has room for wait
// for each other, and a cancelled one gives up its place.
func TestDownloadsShareABudget(t *testing.T) {
	object := pattern(300 * kib)
	c := pooltest.HTTPS3(t, object)
	p := newPool(t, withBudget(mib))
	d := p.NewDownloader(c, func(d *manager.Downloader) { d.PartSize = testPart })
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			ctx := t.Context()
			if i%8 == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithCancel(ctx)
				go cancel()
			}
			b := p.NewWriteAtBuffer()
			defer b.Release()
			_, err := d.Download(ctx, b, get(""))
			if errors.Is(err, context.Canceled) && i%8 == 0 {
				return
			}
			if assertNoError(t, err) && !bytes.Equal(object, b.Bytes()) {
				t.Errorf("download %d: wrong bytes", i)
			}
			if s := p.Stats(); s.Leased > s.MaxBytes {
				t.Errorf("%d bytes leased with a budget of %d", s.Leased, s.MaxBytes)
			}
		})
	}
	wg.Wait()
	require.NotZero(t, p.Stats().Waits)
}

// TestReleaseDuringADownload: the memory stays until the body that is being read
// into it has ended.
func TestReleaseDuringADownload(t *testing.T) {
	p := newPool(t)
	started, release := make(chan struct{}), make(chan struct{})
	c := &pooltest.FakeS3{Object: pattern(testPart), Body: func(_ int64, r io.Reader) io.Reader {
		return readerFunc(func(p []byte) (int, error) {
			select {
			case <-started:
			default:
				close(started)
			}
			<-release
			return r.Read(p[:min(len(p), 1000)])
		})
	}}
	b := p.NewWriteAtBuffer()
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := p.NewDownloader(c).Download(t.Context(), b, get(""))
		assertNoError(t, err)
	})
	<-started
	wg.Go(b.Release)
	require.NotZero(t, p.Stats().Leased)
	close(release)
	wg.Wait()
	require.Zero(t, p.Stats().Leased)
}

func TestCallersOptionsWin(t *testing.T) {
	c := &pooltest.FakeS3{Object: pattern(10)}
	own := manager.NewPooledBufferedWriterReadFromProvider(mib)
	d := s3pool.NewDownloader(c, func(d *manager.Downloader) { d.BufferProvider = own; d.PartSize = 7 * mib })
	require.Same(t, own, d.BufferProvider)
	require.Same(t, c, d.S3, "without our provider the client is left alone")
	require.EqualValues(t, 7*mib, d.PartSize)
	require.IsType(t, (*s3pool.Provider)(nil), s3pool.NewDownloader(c).BufferProvider)

	u := s3pool.NewUploader(&fakeUploadAPI{}, func(u *manager.Uploader) { u.BufferProvider = nil; u.PartSize = 7 * mib })
	require.Nil(t, u.BufferProvider)
	require.EqualValues(t, 7*mib, u.PartSize)
	require.IsType(t, (*s3pool.Provider)(nil), s3pool.NewUploader(&fakeUploadAPI{}).BufferProvider)
}

func TestNilClients(t *testing.T) {
	c, api := &pooltest.FakeS3{Object: pattern(10)}, &fakeUploadAPI{}
	d := s3pool.NewDownloader(nil, func(d *manager.Downloader) { d.S3 = c })
	b := manager.NewWriteAtBuffer(nil)
	_, err := d.Download(t.Context(), b, get(""))
	require.NoError(t, err)
	require.Equal(t, pattern(10), b.Bytes())
	require.Same(t, api, s3pool.NewUploader(nil, func(u *manager.Uploader) { u.S3 = api }).S3)

	// What an option has taken away is missed too.
	require.PanicsWithValue(t, "s3pool: NewDownloader: nil client", func() {
		s3pool.NewDownloader(c, func(d *manager.Downloader) { d.S3 = nil })
	})
	require.PanicsWithValue(t, "s3pool: NewUploader: nil client", func() {
		s3pool.NewUploader(api, func(u *manager.Uploader) { u.S3 = (*s3.Client)(nil) })
	})
	require.PanicsWithValue(t, "s3pool: NewDownloader: nil client", func() { s3pool.NewDownloader(nil) })
	require.PanicsWithValue(t, "s3pool: NewDownloader: nil client", func() { s3pool.NewDownloader((*s3.Client)(nil)) })
	require.PanicsWithValue(t, "s3pool: NewUploader: nil client", func() { s3pool.NewUploader(nil) })
	require.PanicsWithValue(t, "s3pool: NewUploader: nil client", func() { s3pool.NewUploader((*s3.Client)(nil)) })
}

func TestTotalOf(t *testing.T) {
	for header, want := range map[string]int64{
		"bytes 0-9/100": 100, "bytes 0-9/*": 0, "": 0, "bytes": 0, "bytes 0-9/": 0, "bytes 0-9/-1": 0, "bytes 0-9/x": 0,
	} {
		require.Equal(t, want, s3pool.TotalOf(header), header)
	}
}
