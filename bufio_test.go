package s3pool_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/require"
)

func TestBufioSizes(t *testing.T) {
	p := newPool(t)
	for _, c := range []struct{ ask, get int }{
		{0, 4096}, {1, 512}, {512, 512}, {513, 1024}, {2048, 2048}, {4096, 4096}, {4097, 8192},
		{mib, mib}, {mib + 1, mib + 1}, // above the largest bucket: exact, not pooled
	} {
		r := p.GetBufioReader(strings.NewReader("x"), c.ask)
		require.Equal(t, c.get, r.Size(), "reader of %d", c.ask)
		p.PutBufioReader(r)
		w := p.GetBufioWriter(io.Discard, c.ask)
		require.Equal(t, c.get, w.Size(), "writer of %d", c.ask)
		p.PutBufioWriter(w)
	}
	p.PutBufioReader(nil)
	p.PutBufioWriter(nil)
}

func TestBufioReaderWrapsABufioReader(t *testing.T) {
	p := newPool(t)
	inner := bufio.NewReaderSize(strings.NewReader("abc"), 2*mib)
	for _, size := range []int{512, 2 * mib} {
		r := p.GetBufioReader(inner, size)
		require.NotSame(t, inner, r, "the caller's reader would end up in the pool")
		p.PutBufioReader(r)
	}
}

func TestBufioIsReusedBySize(t *testing.T) {
	if check.Enabled {
		return // sync.Pool drops a quarter of Puts under race
	}
	p := newPool(t)
	buffer := func(bw *bufio.Writer) *byte { return unsafe.SliceData(bw.AvailableBuffer()) }
	small, large := p.GetBufioWriter(io.Discard, 2048), p.GetBufioWriter(io.Discard, 4096)
	wantSmall, wantLarge := buffer(small), buffer(large)
	p.PutBufioWriter(large)
	p.PutBufioWriter(small)
	require.Same(t, wantSmall, buffer(p.GetBufioWriter(io.Discard, 2048)))
	require.Same(t, wantLarge, buffer(p.GetBufioWriter(io.Discard, 4096)))
}

// misuse is what a caller must not do with what he has put back.
var misuse = map[string]func(p *s3pool.Pool, br *bufio.Reader, bw *bufio.Writer) error{
	"put twice": func(p *s3pool.Pool, br *bufio.Reader, bw *bufio.Writer) error {
		if br != nil {
			p.PutBufioReader(br)
		}
		p.PutBufioWriter(bw)
		return errors.New("had no effect")
	},
	"Read": func(_ *s3pool.Pool, br *bufio.Reader, _ *bufio.Writer) error {
		_, err := br.Read(make([]byte, 3))
		return err
	},
	"large Read": func(_ *s3pool.Pool, br *bufio.Reader, _ *bufio.Writer) error {
		_, err := br.Read(make([]byte, 10_000))
		return err
	},
	"ReadString": func(_ *s3pool.Pool, br *bufio.Reader, _ *bufio.Writer) error {
		_, err := br.ReadString('\n')
		return err
	},
	"WriteTo": func(_ *s3pool.Pool, br *bufio.Reader, _ *bufio.Writer) error {
		_, err := br.WriteTo(io.Discard)
		return err
	},
	"Peek": func(_ *s3pool.Pool, br *bufio.Reader, _ *bufio.Writer) error {
		_, err := br.Peek(1)
		return err
	},
	"WriteString": func(_ *s3pool.Pool, _ *bufio.Reader, bw *bufio.Writer) error {
		_, err := bw.WriteString("stray")
		return err
	},
	"WriteByte": func(_ *s3pool.Pool, _ *bufio.Reader, bw *bufio.Writer) error { return bw.WriteByte('x') },
	"large Write": func(_ *s3pool.Pool, _ *bufio.Reader, bw *bufio.Writer) error {
		_, err := bw.Write(make([]byte, 10_000))
		return err
	},
	"ReadFrom": func(_ *s3pool.Pool, _ *bufio.Reader, bw *bufio.Writer) error {
		_, err := bw.ReadFrom(strings.NewReader("stray"))
		return err
	},
	"Flush": func(_ *s3pool.Pool, _ *bufio.Reader, bw *bufio.Writer) error { return bw.Flush() },
}

// What has been put back is of no use any more, and the next user sees nothing of it,
// whether he has come already or not.
func TestBufioAfterPut(t *testing.T) {
	for name, f := range misuse {
		for _, size := range []int{512, 4096, 2 * mib} {
			for _, late := range []bool{false, true} {
				p := newPool(t)
				br, bw := p.GetBufioReader(strings.NewReader("first"), size), p.GetBufioWriter(io.Discard, size)
				p.PutBufioReader(br)
				p.PutBufioWriter(bw)
				var next [2]*bufio.Reader
				var nextOut [2]*bufio.Writer
				var out [2]bytes.Buffer
				come := func() {
					for i := range next {
						next[i] = p.GetBufioReader(strings.NewReader("second"), size)
						nextOut[i] = p.GetBufioWriter(&out[i], size)
						nextOut[i].WriteString("second")
					}
				}
				if late {
					come()
				}
				if check.Enabled {
					require.Panics(t, func() { f(p, br, bw) }, name)
				} else {
					require.Error(t, f(p, br, bw), name)
				}
				if !late {
					come()
				}
				for i := range next {
					got, err := io.ReadAll(next[i])
					require.NoError(t, err)
					require.Equal(t, "second", string(got), name)
					require.NoError(t, nextOut[i].Flush())
					require.Equal(t, "second", out[i].String(), name)
					p.PutBufioReader(next[i])
					p.PutBufioWriter(nextOut[i])
				}
				require.NotSame(t, next[0], next[1])
				require.NotSame(t, nextOut[0], nextOut[1])
			}
		}
	}
}

// A Reset gives what has been put back a life of its own.
func TestBufioResetAfterPut(t *testing.T) {
	p := newPool(t)
	var handles [3]*bufio.Writer
	var out [3]bytes.Buffer
	for i := range handles {
		handles[i] = p.GetBufioWriter(io.Discard, 512)
		p.PutBufioWriter(handles[i])
		handles[i].Reset(&out[i])
		br := p.GetBufioReader(nil, 512)
		p.PutBufioReader(br)
		br.Reset(strings.NewReader("again"))
		got, err := io.ReadAll(br)
		require.NoError(t, err)
		require.Equal(t, "again", string(got))
	}
	for i, bw := range handles {
		bw.WriteByte(byte('a' + i))
	}
	for i, bw := range handles {
		require.NoError(t, bw.Flush())
		require.Equal(t, string(rune('a'+i)), out[i].String())
	}
}

func TestPutBufioFromElsewhere(t *testing.T) {
	p, other := newPool(t), newPool(t)
	for name, put := range map[string]func(){
		"bufio's":        func() { p.PutBufioWriter(bufio.NewWriterSize(io.Discard, 4096)) },
		"bufio's reader": func() { p.PutBufioReader(bufio.NewReaderSize(nil, 4096)) },
		"another pool's": func() { p.PutBufioWriter(other.GetBufioWriter(io.Discard, 4096)) },
		"a copy": func() {
			bw := p.GetBufioWriter(io.Discard, 4096)
			twin := *bw
			p.PutBufioWriter(&twin)
		},
	} {
		if check.Enabled {
			require.Panics(t, put, name)
		} else {
			put()
		}
	}
}

func TestPutBufioReaderRetainsNothing(t *testing.T) {
	p := newPool(t)
	r := p.GetBufioReader(iotest.ErrReader(errors.New("first user's error")), 512)
	_, err := r.Peek(1)
	require.Error(t, err)
	p.PutBufioReader(r)
	r = p.GetBufioReader(strings.NewReader("second user's data"), 512)
	defer p.PutBufioReader(r)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "second user's data", string(got))
}

func TestPutWriterUnflushed(t *testing.T) {
	p := newPool(t)
	var out bytes.Buffer
	w := p.GetBufioWriter(&out, 512)
	w.WriteString("lost")
	if check.Enabled {
		require.PanicsWithValue(t, "s3pool: PutBufioWriter: 4 bytes have not been flushed", func() { p.PutBufioWriter(w) })
	} else {
		p.PutBufioWriter(w)
		require.NotSame(t, w, p.GetBufioWriter(&out, 512), "dropped, not pooled")
	}
	require.Zero(t, out.Len(), "PutWriter does not write")
}

func TestPutWriterAfterAWriteError(t *testing.T) {
	p := newPool(t)
	w := p.GetBufioWriter(failingWriter{}, 512)
	w.WriteString("cannot be flushed")
	require.Error(t, w.Flush())
	p.PutBufioWriter(w) // no panic: the caller did what it could
	w = p.GetBufioWriter(io.Discard, 512)
	_, err := w.WriteString("fresh")
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	p.PutBufioWriter(w)
}

func TestPutForeignSizes(t *testing.T) {
	p := newPool(t)
	p.PutBufioWriter(bufio.NewWriterSize(io.Discard, 600))
	require.Equal(t, 1024, p.GetBufioWriter(io.Discard, 600).Size(), "a writer of 600 must not fill the bucket of 1024")
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// A fakeServer is one connection of a server: it reads requests with net/http's
// parser and answers each through a 4 KiB writer for the connection and a 2 KiB
// writer for the chunked body. net/http pools both, by size, for this reason.
type fakeServer struct {
	in   *bufio.Reader
	take func(w io.Writer, size int) *bufio.Writer
	put  func(*bufio.Writer)
}

func newFakeServer(take func(io.Writer, int) *bufio.Writer, put func(*bufio.Writer)) *fakeServer {
	return &fakeServer{in: bufio.NewReader(&repeater{s: "GET /thumb/cat HTTP/1.1\r\nHost: pictures\r\nAccept: image/*\r\n\r\n"}), take: take, put: put}
}

func (s *fakeServer) serveOne() error {
	req, err := http.ReadRequest(s.in)
	if err != nil {
		return err
	}
	conn := s.take(io.Discard, 4096)
	conn.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunks := httputil.NewChunkedWriter(conn)
	body := s.take(chunks, 2048)
	body.WriteString(req.URL.Path)
	if err := body.Flush(); err != nil {
		return err
	}
	s.put(body)
	if err := chunks.Close(); err != nil {
		return err
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	s.put(conn)
	return nil
}

func fakeServers() map[string]*fakeServer {
	p := s3pool.NewPool()
	return map[string]*fakeServer{
		"unpooled": newFakeServer(bufio.NewWriterSize, func(*bufio.Writer) {}),
		"pooled":   newFakeServer(p.GetBufioWriter, p.PutBufioWriter),
	}
}

// repeater is a client that sends the same request for ever.
type repeater struct {
	s   string
	pos int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.s[r.pos:])
	r.pos = (r.pos + n) % len(r.s)
	return n, nil
}

func TestKeepAliveServerAllocatesLess(t *testing.T) {
	if check.Enabled {
		return // sync.Pool drops a quarter of Puts under race
	}
	perRequest := map[string]uint64{}
	for name, s := range fakeServers() {
		const requests = 1000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range requests {
			require.NoError(t, s.serveOne())
		}
		runtime.ReadMemStats(&after)
		perRequest[name] = (after.TotalAlloc - before.TotalAlloc) / requests
	}
	t.Logf("bytes per request: %v", perRequest)
	require.LessOrEqual(t, float64(perRequest["pooled"]), 0.55*float64(perRequest["unpooled"]))
}

func BenchmarkKeepAliveServer(b *testing.B) {
	for name, s := range fakeServers() {
		b.Run("writers="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := s.serveOne(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
