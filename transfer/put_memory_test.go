package transfer_test

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/transfer"
)

// TestPutIdleBodies: a body that sends nothing, whatever length it announced, holds nothing
// of the budget, at its beginning and between two parts; the others go on.
func TestPutIdleBodies(t *testing.T) {
	const large = 5 << 20
	for _, announced := range []bool{true, false} {
		for _, size := range []int{16 * mib, 40 * mib} {
			for _, sent := range []int{0, 1, 1000, 3 * large} { // behind the last of these, a part is complete
				if sent == 3*large && (size == 16*mib || !announced) {
					continue // in one request, or in parts that grow
				}
				synctest.Test(t, func(t *testing.T) {
					what := fmt.Sprintf("%d bytes, announced %v, %d sent", size, announced, sent)
					p := newPool(t, withBudget(64*mib))
					fake := newUploadFake()
					c := transfer.New(fake.Client(), func(o *transfer.Options) { o.Pool, o.PartSize = p, large })
					data := pattern(size)
					var wg sync.WaitGroup
					var pipes []*io.PipeWriter
					for i := range 4 {
						r, w := io.Pipe()
						pipes = append(pipes, w)
						in := put(r)
						in.Key = aws.String(fmt.Sprint(i))
						if announced {
							in.ContentLength = aws.Int64(int64(size))
						}
						wg.Go(func() {
							_, err := c.Put(t.Context(), in)
							r.CloseWithError(err)
							assertNoError(t, err)
						})
						wg.Go(func() { w.Write(data[:sent]) })
					}
					synctest.Wait()
					require.Zero(t, p.Stats().Leased, what)
					all, ok := p.TryAcquire(64 * mib)
					require.True(t, ok, what)
					all.Release()
					for _, w := range pipes {
						wg.Go(func() {
							w.Write(data[sent:])
							w.Close()
						})
					}
					wg.Wait()
					for i := range 4 {
						o, _ := fake.Object("bucket", fmt.Sprint(i))
						require.True(t, bytes.Equal(data, o.Data), what)
					}
				})
			}
		}
	}
}

// TestPutMemoryGrows: without a budget, memory grows with what a body sends.
func TestPutMemoryGrows(t *testing.T) {
	for _, sent := range []int{0, 100, 100 * kib, mib - 1, 2 * mib, 15 * mib} {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t)
			r, w := io.Pipe()
			in := put(r)
			in.ContentLength = aws.Int64(16 * mib)
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := transfer.New(newUploadFake().Client(), func(o *transfer.Options) { o.Pool = p }).Put(t.Context(), in)
				assertNoError(t, err)
			})
			wg.Go(func() { w.Write(pattern(16 * mib)[:sent]) })
			synctest.Wait()
			require.LessOrEqual(t, p.Stats().Leased, int64(max(mib, 16*sent)), "%d sent", sent)
			wg.Go(func() { w.Write(pattern(16 * mib)[sent:]); w.Close() })
			wg.Wait()
		})
	}
}

// TestPutOrderOfMemory: a part's memory is taken when its first bytes are there, so that a
// body which needs memory itself to have them finds it, with no more than a part in all.
func TestPutOrderOfMemory(t *testing.T) {
	for _, size := range []int{testPart, 7 * testPart} {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t, withBudget(testPart))
			fake := newUploadFake()
			data := bytes.NewReader(pattern(size))
			var piece []byte
			in := put(readerFunc(func(to []byte) (int, error) {
				if len(piece) == 0 {
					if data.Len() == 0 {
						return 0, io.EOF
					}
					buf, err := p.Acquire(t.Context(), testPart)
					if err != nil {
						return 0, err
					}
					io.ReadFull(data, buf.Bytes())
					piece = bytes.Clone(buf.Bytes())
					buf.Release()
				}
				n := copy(to, piece)
				piece = piece[n:]
				return n, nil
			}))
			in.ContentLength = aws.Int64(int64(size))
			_, err := newClient(p, fake.Client(), smallParts).Put(t.Context(), in)
			require.NoError(t, err)
			requireStored(t, fake, pattern(size), "")
		})
	}
}

// TestPutNoProgress: a body that yields nothing and says nothing is an error, not a loop.
func TestPutNoProgress(t *testing.T) {
	for _, before := range []int{0, 1000, testPart, 3 * testPart} {
		for _, announced := range []bool{true, false} {
			in := put(io.MultiReader(bytes.NewReader(pattern(before)), readerFunc(func([]byte) (int, error) { return 0, nil })))
			if announced {
				in.ContentLength = aws.Int64(int64(before + 10))
			}
			fake := newUploadFake()
			_, err := newClient(pooltest.New(t), fake.Client(), smallParts).Put(t.Context(), in)
			require.ErrorIs(t, err, io.ErrNoProgress)
			requireNothing(t, fake, "")
		}
	}
}
