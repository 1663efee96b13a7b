package s3pool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
)

// breaking returns an S3 whose answers to the requests in broken end after some bytes.
func breaking(object []byte, after int64, broken ...int64) *pooltest.FakeS3 {
	return &pooltest.FakeS3{Object: object, Body: func(n int64, r io.Reader) io.Reader {
		if slices.Contains(broken, n) {
			return io.MultiReader(io.LimitReader(r, after), iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		return r
	}}
}

func inOrder(d *manager.Downloader) { d.Concurrency = 1 }

// TestSequentialWriterGetsEveryByteOnce: a WriterAt that ignores offsets, as people give to
// a Downloader with Concurrency 1 to stream an object. The stock Downloader writes what a
// broken part brought, and then the part again.
func TestSequentialWriterGetsEveryByteOnce(t *testing.T) {
	object := pattern(2_600_000)
	options := func(d *manager.Downloader) { d.PartSize, d.Concurrency = mib, 1 }
	for _, down := range downloaders {
		for _, after := range []int64{0, 1, 1000, 200_000, mib - 1} {
			for _, broken := range [][]int64{{0}, {1}, {1, 2, 3}, {0, 2, 4}} {
				p := newPool(t)
				var got bytes.Buffer
				w := writerAtFunc(func(p []byte, _ int64) (int, error) { return got.Write(p) })
				n, err := down.make(p, breaking(object, after, broken...), options).Download(t.Context(), w, get(""))
				require.NoError(t, err)
				require.EqualValues(t, len(object), n)
				require.True(t, bytes.Equal(object, got.Bytes()), "%s: parts %v break after %d bytes: %d bytes arrive", down.name, broken, after, got.Len())
			}
		}
	}
}

// TestPartStartsOverInAnotherVersion: what was written of one version is no beginning for
// another.
func TestPartStartsOverInAnotherVersion(t *testing.T) {
	for _, change := range []func(out *s3.GetObjectOutput, n int64){
		func(out *s3.GetObjectOutput, n int64) { out.ETag = aws.String([]string{"a", "b"}[n]) },
		func(out *s3.GetObjectOutput, n int64) { out.VersionId = aws.String([]string{"a", "b"}[n]) },
	} {
		p := newPool(t)
		old, now := pattern(100_000), bytes.Repeat([]byte("new"), 100_000/3)
		fakes := []*pooltest.FakeS3{breaking(old, 70_000, 0), {Object: now}}
		var requests atomic.Int64
		c := getObjectFunc(func(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
			n := requests.Add(1) - 1
			out, err := fakes[n].GetObject(ctx, in, optFns...)
			if err == nil {
				change(out, n)
			}
			return out, err
		})
		b := manager.NewWriteAtBuffer(nil)
		_, err := p.NewDownloader(c).Download(t.Context(), struct{ io.WriterAt }{b}, get(""))
		require.NoError(t, err)
		require.Equal(t, now, b.Bytes()[:len(now)])
	}
}

type getObjectFunc func(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)

func (f getObjectFunc) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return f(ctx, in, optFns...)
}

// TestUnknownDestinationStartsEarly: the first bytes are written while the body stands still
// behind them, and no write is longer than all before it, or than a part.
func TestUnknownDestinationStartsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t)
		object := pattern(7 * mib)
		more := make(chan struct{})
		var stood sync.Once
		c := &pooltest.FakeS3{Object: object, Body: func(n int64, r io.Reader) io.Reader {
			if n > 0 {
				return r
			}
			return io.MultiReader(io.LimitReader(r, 100), readerFunc(func(p []byte) (int, error) {
				stood.Do(func() { <-more })
				return 0, io.EOF
			}), r)
		}}
		var writes []int
		var written int
		w := writerAtFunc(func(p []byte, _ int64) (int, error) {
			writes = append(writes, len(p))
			written += len(p)
			return len(p), nil
		})
		done := make(chan error)
		go func() {
			_, err := p.NewDownloader(c, inOrder).Download(t.Context(), w, get(""))
			done <- err
		}()
		synctest.Wait()
		require.Equal(t, 100, written, "what has come, %v", writes)
		close(more)
		require.NoError(t, <-done)
		require.Equal(t, len(object), written)
		sum := 0
		for _, n := range writes {
			require.LessOrEqual(t, n, max(sum, 32*kib), "writes of %v bytes", writes)
			sum += n
		}
		require.Less(t, len(writes), 40, "writes of %v bytes", writes)
	})
}

// A wrapper counts, and tells what it wraps.
type wrapper struct {
	io.WriterAt
	mu     sync.Mutex
	writes []int
}

func (w *wrapper) WriteAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	w.writes = append(w.writes, len(p))
	w.mu.Unlock()
	return w.WriterAt.WriteAt(p, off)
}

func (w *wrapper) Unwrap() io.WriterAt { return w.WriterAt }

// TestUnwrap: everything goes through a wrapper's own WriteAt, in pieces that suit what is
// wrapped, and nothing twice.
func TestUnwrap(t *testing.T) {
	object := pattern(3*mib + 7)
	f, err := os.Create(filepath.Join(t.TempDir(), "object"))
	require.NoError(t, err)
	defer f.Close()
	p := newPool(t)
	w := &wrapper{WriterAt: &wrapper{WriterAt: f}}
	_, err = p.NewDownloader(breaking(object, 2*mib+1, 0)).Download(t.Context(), w, get(""))
	require.NoError(t, err)
	require.Equal(t, []int{mib, mib, mib, 7}, w.writes)
	got, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	require.True(t, bytes.Equal(object, got))

	b := p.NewWriteAtBuffer()
	defer b.Release()
	w = &wrapper{WriterAt: b}
	_, err = p.NewDownloader(breaking(object, 2*mib+1, 0)).Download(t.Context(), w, get(""))
	require.NoError(t, err)
	sum := 0
	for _, n := range w.writes {
		sum += n
	}
	require.Equal(t, len(object), sum)
	require.True(t, bytes.Equal(object, b.Bytes()))
}

type selfish struct{ io.WriterAt }

func (s selfish) Unwrap() io.WriterAt { return s }

type nothing struct{ io.WriterAt }

func (s nothing) Unwrap() io.WriterAt { return nil }

func TestUnwrapToItselfOrNothing(t *testing.T) {
	for _, wrap := range []func(io.WriterAt) io.WriterAt{
		func(w io.WriterAt) io.WriterAt { return selfish{w} },
		func(w io.WriterAt) io.WriterAt { return nothing{w} },
	} {
		b := manager.NewWriteAtBuffer(nil)
		_, err := newPool(t).NewDownloader(&pooltest.FakeS3{Object: pattern(1000)}).Download(t.Context(), wrap(b), get(""))
		require.NoError(t, err)
		require.Equal(t, pattern(1000), b.Bytes())
	}
}

// TestProgress: the sum of what Progress is told is what has arrived, and a part that breaks
// is taken back.
func TestProgress(t *testing.T) {
	object := pattern(3*testPart + 5)
	for _, dst := range destinations {
		p := newPool(t)
		var sum, most atomic.Int64
		d := p.NewDownloader(breaking(object, 1000, 1, 3), func(d *manager.Downloader) {
			d.PartSize = testPart
			d.BufferProvider = p.NewProvider(func(o *s3pool.ProviderOptions) {
				o.Progress = func(n int64) {
					if s := sum.Add(n); s > most.Load() {
						most.Store(s)
					}
				}
			})
		})
		w, content := dst.open(t, p, len(object))
		_, err := d.Download(t.Context(), w, get(""))
		require.NoError(t, err)
		require.EqualValues(t, len(object), sum.Load(), dst.name)
		require.LessOrEqual(t, most.Load(), int64(len(object)), dst.name)
		require.True(t, bytes.Equal(object, content()), dst.name)
	}
}

// TestCleanupTwice: a part's writer is its own, whatever happens to another's.
func TestCleanupTwice(t *testing.T) {
	provider := newPool(t).NewProvider()
	var one, two bytes.Buffer
	_, cleanup := provider.GetReadFrom(io.Discard)
	cleanup()
	cleanup()
	a, cleanupA := provider.GetReadFrom(&one)
	b, cleanupB := provider.GetReadFrom(&two)
	cleanup()
	for _, w := range []manager.WriterReadFrom{a, b} {
		_, err := w.ReadFrom(bytes.NewReader(pattern(1000)))
		require.NoError(t, err)
	}
	cleanupA()
	cleanupB()
	cleanupA()
	require.Equal(t, pattern(1000), one.Bytes())
	require.Equal(t, pattern(1000), two.Bytes())
}

// TestEmptyReads: a body that returns neither bytes nor an error is not read for ever.
func TestEmptyReads(t *testing.T) {
	for _, dst := range destinations {
		p := newPool(t)
		c := &pooltest.FakeS3{Object: pattern(100_000), Body: func(_ int64, r io.Reader) io.Reader {
			return io.MultiReader(io.LimitReader(r, 10), readerFunc(func([]byte) (int, error) { return 0, nil }))
		}}
		w, content := dst.open(t, p, 0)
		_, err := p.NewDownloader(c).Download(t.Context(), w, get(""))
		require.True(t, errors.Is(err, io.ErrNoProgress), "%s: %v", dst.name, err)
		content()
	}
}
