package s3pool_test

import (
	"bytes"
	"context"
	"io"
	"math"
	"reflect"
	"runtime"
	"sync"
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

// TestAnnouncedIsNotReserved: an answer of a few bytes may say anything of the object's size.
func TestAnnouncedIsNotReserved(t *testing.T) {
	type answer struct {
		what        string
		length      int64
		total, rng  string
		partSize    int64
		mostReserve uint64
	}
	for _, a := range []answer{
		{"a byte of 1 GiB", 1, "bytes 0-0/1073741824", "", 5 * mib, mib},
		{"a byte in parts of a byte", 1, "bytes 0-0/1073741824", "", 1, 3 * mib},
		{"a byte of an impossible size", 1, "bytes 0-0/9223372036854775807", "", 1, 3 * mib},
		{"a huge length, no range", 1 << 40, "", "", 5 * mib, mib},
		{"the greatest length", math.MaxInt64, "bytes 0-0/9223372036854775807", "", math.MaxInt64, 66 * mib},
		{"a huge length for a range", 1 << 40, "bytes 3-9/10", "bytes=3-9", 5 * mib, 66 * mib},
		{"the greatest length for a range", math.MaxInt64, "bytes 3-9/10", "bytes=3-9", 5 * mib, 66 * mib},
		{"a part of 5 MiB of 1 TiB", 5 * mib, "bytes 0-5242879/1099511627776", "", 5 * mib, 66 * mib},
	} {
		for _, dst := range destinations {
			if dst.name == "manager.WriteAtBuffer sized" {
				continue
			}
			p := newPool(t)
			c := getObjectFunc(func(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
				out := &s3.GetObjectOutput{
					Body:          io.NopCloser(io.MultiReader(bytes.NewReader([]byte("x")), iotest.ErrReader(errBroken))),
					ContentLength: &a.length,
				}
				if a.total != "" {
					out.ContentRange = &a.total
				}
				return out, nil
			})
			options := func(d *manager.Downloader) {
				d.PartSize, d.PartBodyMaxRetries = a.partSize, 0
				if f := reflect.ValueOf(d).Elem().FieldByName("DisableValidateParts"); f.IsValid() {
					f.SetBool(true) // which older managers do not do
				}
			}
			w, content := dst.open(t, p, 0)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n, err := p.NewDownloader(c, options).Download(t.Context(), w, get(a.rng))
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, errBroken)
			require.LessOrEqual(t, n, int64(1))
			require.Less(t, after.TotalAlloc-before.TotalAlloc, a.mostReserve+9*mib, "%s into %s", a.what, dst.name)
			if got := content(); dst.name != "wrapped" {
				require.Equal(t, "x", string(got), "%s into %s", a.what, dst.name)
			}
		}
	}
}

// TestMemoryGrowsWithTheBytes: an object of more than is believed arrives all the same, in
// memory that grows under parts that are being read.
func TestMemoryGrowsWithTheBytes(t *testing.T) {
	object := pattern(80 * mib)
	for _, open := range []func(p *s3pool.Pool) (io.WriterAt, func() []byte, func()){
		func(*s3pool.Pool) (io.WriterAt, func() []byte, func()) {
			b := manager.NewWriteAtBuffer(nil)
			return b, b.Bytes, func() {}
		},
		func(p *s3pool.Pool) (io.WriterAt, func() []byte, func()) {
			b := p.NewWriteAtBuffer()
			return b, b.Bytes, b.Release
		},
	} {
		w, content, release := open(newPool(t))
		_, err := s3pool.NewDownloader(&pooltest.FakeS3{Object: object}).Download(t.Context(), w, get(""))
		require.NoError(t, err)
		require.True(t, bytes.Equal(object, content()))
		release()
		if b, ok := w.(*manager.WriteAtBuffer); ok {
			require.EqualValues(t, 1, b.GrowthCoeff, "as the stock Downloader leaves it")
		}
	}
}

// TestWaitingForMemoryHoldsNoConnection: one connection, memory for one object. Who has the
// memory needs the connection for the other parts.
func TestWaitingForMemoryHoldsNoConnection(t *testing.T) {
	object := pattern(3*testPart + 5)
	p := newPool(t, withBudget(256*kib))
	c := pooltest.HTTPS3(t, object, pooltest.Connections(1))
	d := p.NewDownloader(c, func(d *manager.Downloader) { d.PartSize = testPart; d.PartBodyMaxRetries = 0 })
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			b := p.NewWriteAtBuffer()
			defer b.Release()
			if _, err := d.Download(t.Context(), b, get("")); assertNoError(t, err) && !bytes.Equal(object, b.Bytes()) {
				t.Error("wrong bytes")
			}
		})
	}
	wg.Wait()
	require.NotZero(t, p.Stats().Waits)
}

// TestObjectChangesWhileItsDownloadWaits: the answer after the wait must be the one before it.
func TestObjectChangesWhileItsDownloadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(256*kib))
		held, err := p.Acquire(t.Context(), 256*kib)
		require.NoError(t, err)
		fake := &pooltest.FakeS3{Object: pattern(200 * kib)}
		c := getObjectFunc(func(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
			out, err := fake.GetObject(ctx, in, optFns...)
			out.ETag = aws.String([]string{"old", "new"}[fake.Requests.Load()-1])
			return out, err
		})
		b := p.NewWriteAtBuffer()
		done := make(chan error)
		go func() {
			_, err := p.NewDownloader(c, func(d *manager.Downloader) { d.PartBodyMaxRetries = 0 }).Download(t.Context(), b, get(""))
			done <- err
		}()
		synctest.Wait()
		held.Release()
		require.EqualError(t, <-done, "s3pool: the object changed while its download waited for memory")
		b.Release()
	})
}
