package transfer_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/internal/transfertest"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// A scarce is a server behind few connections, and a pool with a small budget.
type scarce struct {
	t      *testing.T
	server *s3test.Server
	api    *s3.Client
	pool   *s3pool.Pool
	c      *transfer.Client
	dog    *transfertest.Watchdog
}

// newScarce returns one. With hidden, the client cannot see how many connections there are.
func newScarce(t *testing.T, connections int, budget int64, hidden bool, optFns ...func(*transfer.Options)) *scarce {
	s := &scarce{t: t, server: s3test.NewServer(func(o *s3test.ServerOptions) { o.MinPartSize = 1 })}
	s.pool = newPool(t, withBudget(budget))
	s.dog = transfertest.Watch(t, func() any { return s.pool.Stats() })
	tr := &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: max(connections, 1)}
	hc := &http.Client{Transport: tr}
	if hidden {
		hc = s.dog.Client(hc)
	}
	t.Cleanup(func() { tr.CloseIdleConnections(); s.server.Close() })
	s.api = s.server.Client(func(o *s3.Options) { o.HTTPClient = hc })
	s.c = transfer.New(s.api, append([]func(*transfer.Options){transfertest.SmallParts, func(o *transfer.Options) {
		o.Pool, o.PartSize, o.ParallelThreshold, o.MultipartThreshold = s.pool, 64*kib, 128*kib, 128*kib
		o.OnEvent = func(transfer.Event) { s.dog.Step() }
	}}, optFns...)...)
	return s
}

func (s *scarce) store(key string, size int) []byte {
	b := pattern(size)
	s.server.S3.Put("bucket", key, b)
	return b
}

func (s *scarce) in(key string) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key)}
}

// each runs f by n goroutines at a time and fails with the first error.
func (s *scarce) each(n int, f func(i int) error) {
	s.t.Helper()
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- f(i); s.dog.Step() }()
	}
	for range n {
		require.NoError(s.t, <-errs)
	}
}

func eachScarcity(t *testing.T, f func(t *testing.T, connections int, hidden bool)) {
	for _, connections := range []int{1, 2, 4, 0} {
		for _, hidden := range []bool{false, true} {
			t.Run("connections="+strconv.Itoa(connections)+"/hidden="+strconv.FormatBool(hidden), func(t *testing.T) {
				f(t, connections, hidden)
			})
		}
	}
}

// TestStandstillReadersAsBodies copies objects through Puts whose bodies are Readers, while
// a Get waits for most of the budget.
func TestStandstillReadersAsBodies(t *testing.T) {
	eachScarcity(t, func(t *testing.T, connections int, hidden bool) {
		s := newScarce(t, connections, 512*kib, hidden)
		want := s.store("src", 192*kib+77)
		s.store("large", 320*kib)
		s.each(8, func(i int) error {
			if i%4 == 3 {
				o, err := s.c.Get(t.Context(), s.in("large"))
				if err == nil {
					o.Release()
				}
				return err
			}
			r, err := s.c.Open(t.Context(), s.in("src"))
			if err != nil {
				return err
			}
			defer r.Close()
			key := "dst" + strconv.Itoa(i)
			body := io.Reader(r)
			if i%2 == 1 {
				body = struct{ io.Reader }{r} // of unknown length
			}
			if _, err := s.c.Put(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: body}); err != nil {
				return err
			}
			o, _ := s.server.S3.Object("bucket", key)
			require.True(t, bytes.Equal(want, o.Data))
			return nil
		})
	})
}

// TestStandstillReaderAlone uploads a Reader through a pool of eight parts.
func TestStandstillReaderAlone(t *testing.T) {
	eachScarcity(t, func(t *testing.T, connections int, hidden bool) {
		s := newScarce(t, connections, 512*kib, hidden)
		s.store("src", 3*512*kib)
		r, err := s.c.Open(t.Context(), s.in("src"))
		require.NoError(t, err)
		defer r.Close()
		_, err = s.c.Put(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("dst"), Body: r})
		require.NoError(t, err)
	})
}

// TestStandstillUnread leaves Readers unread, with all that they have read ahead, while
// others want most of the budget, and little of it.
func TestStandstillUnread(t *testing.T) {
	eachScarcity(t, func(t *testing.T, connections int, hidden bool) {
		s := newScarce(t, connections, 512*kib, hidden)
		want := s.store("src", 1024*kib)
		s.store("large", 400*kib)
		s.store("small", 1000)
		var readers []*transfer.Reader
		for range 5 {
			r, err := s.c.Open(t.Context(), s.in("src"))
			require.NoError(t, err)
			defer r.Close()
			_, err = io.ReadFull(r, make([]byte, 200*kib))
			require.NoError(t, err)
			readers = append(readers, r)
		}
		s.each(6, func(i int) error {
			o, err := s.c.Get(t.Context(), s.in([]string{"large", "small", "small"}[i%3]))
			if err == nil {
				o.Release()
			}
			return err
		})
		for _, r := range readers {
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.True(t, bytes.Equal(want[200*kib:], got), "what was taken back is fetched again")
			v, err := r.Verify()
			require.NoError(t, err)
			require.True(t, v.Verified(), v.Reason)
		}
	})
}

// TestStandstillMany runs more transfers than there are connections or memory.
func TestStandstillMany(t *testing.T) {
	eachScarcity(t, func(t *testing.T, connections int, hidden bool) {
		s := newScarce(t, connections, 256*kib, hidden)
		sizes := []int{0, 1, 1000, 64 * kib, 100 * kib, 129 * kib, 200 * kib, 256 * kib}
		var want [][]byte
		for _, n := range sizes {
			want = append(want, s.store("key"+strconv.Itoa(n), n))
		}
		s.each(24, func(i int) error {
			rng := rand.New(rand.NewPCG(uint64(i), 0))
			for range 5 {
				k := rng.IntN(len(sizes))
				in := s.in("key" + strconv.Itoa(sizes[k]))
				switch rng.IntN(4) {
				case 0:
					o, err := s.c.Get(t.Context(), in)
					if err != nil {
						return err
					}
					require.True(t, bytes.Equal(want[k], o.Bytes()))
					o.Release()
				case 1:
					w := &memory{}
					if _, err := s.c.Download(t.Context(), w, in); err != nil {
						return err
					}
					require.True(t, bytes.Equal(want[k], w.b))
				case 2:
					w := s.pool.NewWriteAtBuffer()
					if _, err := s.pool.NewDownloader(s.api).Download(t.Context(), w, in); err != nil && len(want[k]) > 0 {
						return err
					}
					require.True(t, bytes.Equal(want[k], w.Bytes()))
					w.Release()
				case 3:
					r, err := s.c.Open(t.Context(), in)
					if err != nil {
						return err
					}
					got, err := io.ReadAll(r)
					r.Close()
					if err != nil {
						return err
					}
					require.True(t, bytes.Equal(want[k], got))
				}
				s.dog.Step()
			}
			return nil
		})
	})
}

// TestStandstillComposite asks for the parts of an upload when nobody holds a connection.
func TestStandstillComposite(t *testing.T) {
	eachScarcity(t, func(t *testing.T, connections int, hidden bool) {
		s := newScarce(t, connections, 1<<20, hidden)
		for _, alg := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmSha256} {
			s.server.S3.Put("bucket", "key", pattern(300*kib), func(o *s3test.Object) {
				o.ChecksumAlgorithm, o.ChecksumType = alg, types.ChecksumTypeComposite
				o.Parts = []s3test.Part{{Number: 1, Size: 128 * kib}, {Number: 2, Size: 128 * kib}, {Number: 3, Size: 44 * kib}}
			})
			for _, call := range calls {
				_, v, err := call.do(t.Context(), t, s.c, s.in("key"))
				require.NoError(t, err)
				require.True(t, v.Verified(), "%s: %s", call.name, v.Reason)
			}
		}
	})
}

// TestStandstillPipe downloads into a pipe that feeds an upload, with one connection.
func TestStandstillPipe(t *testing.T) {
	eachScarcity(t, func(t *testing.T, connections int, hidden bool) {
		s := newScarce(t, connections, 128*kib, hidden)
		s.store("src", 1024*kib)
		pr, pw := io.Pipe()
		s.each(2, func(i int) error {
			if i == 0 {
				_, err := s.c.Download(t.Context(), &sequential{w: pw}, s.in("src"), func(o *transfer.DownloadOptions) { o.Concurrency = 1 })
				pw.CloseWithError(err)
				return err
			}
			_, err := s.c.Put(context.WithoutCancel(t.Context()), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("dst"), Body: pr})
			pr.CloseWithError(err)
			return err
		})
	})
}

// sequential is a WriterAt for one who writes in order.
type sequential struct{ w io.Writer }

func (s *sequential) WriteAt(p []byte, _ int64) (int, error) { return s.w.Write(p) }

// memory is a WriterAt that grows.
type memory struct {
	mu sync.Mutex
	b  []byte
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := int(off) + len(p); n > len(m.b) {
		m.b = append(m.b, make([]byte, n-len(m.b))...)
	}
	return copy(m.b[off:], p), nil
}
