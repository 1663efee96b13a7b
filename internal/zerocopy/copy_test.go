package zerocopy_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/copytest"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/internal/xio"
	"github.com/s3pool/s3pool/internal/zerocopy"
)

// Every test runs io.Copy and Copy on equal ends and compares.

type copyFunc func(io.Writer, io.Reader) (int64, error)

// A copySource makes a reader of data. state tells what a copy leaves behind in it.
type copySource struct {
	name string
	open func(t testing.TB, data []byte) (src io.Reader, state func() string)
}

// A copySink makes a writer for about n bytes. got finishes it and returns what
// arrived, nil if nobody can know.
type copySink struct {
	name string
	open func(t testing.TB, n int) (dst io.Writer, got func() []byte)
}

// Types without any method but the one.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

func stateless() string { return "" }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

// tempFile returns a file that contains data and stands at off.
func tempFile(t testing.TB, data []byte, off int64) *os.File {
	f := must(os.CreateTemp(t.TempDir(), ""))(t)
	t.Cleanup(func() { f.Close() })
	must(f.Write(data))(t)
	must(f.Seek(off, io.SeekStart))(t)
	return f
}

func offsetOf(f *os.File) string {
	off, err := f.Seek(0, io.SeekCurrent)
	return fmt.Sprint(off, err)
}

// connPair returns the ends of a connection.
func connPair(t testing.TB, network string) (a, b net.Conn) {
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(must(os.MkdirTemp("", "s"))(t), "s")
		t.Cleanup(func() { os.RemoveAll(filepath.Dir(addr)) })
	}
	l := must(net.Listen(network, addr))(t)
	defer l.Close()
	a = must(net.Dial(network, l.Addr().String()))(t)
	b = must(l.Accept())(t)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// feed returns the end of a connection at which data arrives, and then EOF.
func feed(t testing.TB, network string, data []byte) net.Conn {
	a, b := connPair(t, network)
	var wg sync.WaitGroup
	wg.Go(func() { b.Write(data); b.Close() })
	t.Cleanup(func() { a.Close(); wg.Wait() })
	return a
}

// collect returns the end of a connection, and what arrives at the other.
func collect(t testing.TB, network string, n int) (net.Conn, func() []byte) {
	a, b := connPair(t, network)
	return a, drainTo(t, b, a, n)
}

// drainTo reads r to its end in the background. The function it returns closes w
// and returns what was read.
func drainTo(t testing.TB, r io.Reader, w io.Closer, n int) func() []byte {
	buf := make([]byte, n+8192)
	var wg sync.WaitGroup
	wg.Go(func() {
		m, _ := io.ReadFull(r, buf)
		buf = buf[:m]
	})
	got := func() []byte { w.Close(); wg.Wait(); return buf }
	t.Cleanup(func() { got() })
	return got
}

func tlsPair(t testing.TB) (client, server *tls.Conn) {
	a, b := connPair(t, "tcp")
	cert := copyServers(t).https.TLS.Certificates
	server = tls.Server(b, &tls.Config{Certificates: cert})
	client = tls.Client(a, &tls.Config{InsecureSkipVerify: true})
	var wg sync.WaitGroup
	wg.Go(func() { server.Handshake() })
	require.NoError(t, client.Handshake())
	wg.Wait()
	return client, server
}

var copySources = []copySource{
	{"plain", func(t testing.TB, data []byte) (io.Reader, func() string) {
		return onlyReader{bytes.NewReader(data)}, stateless
	}},
	{"limited(plain)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		r := &io.LimitedReader{R: onlyReader{bytes.NewReader(append(data[:len(data):len(data)], "tail"...))}, N: int64(len(data))}
		return r, func() string { return fmt.Sprint(r.N) }
	}},
	{"bytes", func(t testing.TB, data []byte) (io.Reader, func() string) {
		r := bytes.NewReader(data)
		return r, func() string { return fmt.Sprint(r.Len()) }
	}},
	{"file", func(t testing.TB, data []byte) (io.Reader, func() string) {
		f := tempFile(t, append([]byte("head"), data...), 4)
		return f, func() string { return offsetOf(f) }
	}},
	{"limited(file)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		f := tempFile(t, append(append([]byte("head"), data...), "tail"...), 4)
		r := &io.LimitedReader{R: f, N: int64(len(data))}
		return r, func() string { return fmt.Sprint(offsetOf(f), r.N) }
	}},
	{"limited+(file)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		f := tempFile(t, data, 0)
		r := &io.LimitedReader{R: f, N: int64(len(data)) + 10}
		return r, func() string { return fmt.Sprint(offsetOf(f), r.N) }
	}},
	{"section(file)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		f := tempFile(t, append(append([]byte("head"), data...), "tail"...), 2)
		r := io.NewSectionReader(f, 3, int64(len(data))+1)
		must(r.Seek(1, io.SeekStart))(t)
		return r, func() string {
			pos, _ := r.Seek(0, io.SeekCurrent)
			return fmt.Sprint(offsetOf(f), pos)
		}
	}},
	{"limited(section(file))", func(t testing.TB, data []byte) (io.Reader, func() string) {
		f := tempFile(t, append(append([]byte("head"), data...), "tail"...), 2)
		s := io.NewSectionReader(f, 4, math.MaxInt64)
		r := &io.LimitedReader{R: s, N: int64(len(data))}
		return r, func() string {
			pos, _ := s.Seek(0, io.SeekCurrent)
			return fmt.Sprint(offsetOf(f), pos, r.N)
		}
	}},
	{"bufio(plain)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		r := bufio.NewReader(onlyReader{bytes.NewReader(data)})
		r.Peek(10)
		return r, func() string { return fmt.Sprint(r.Buffered()) }
	}},
	{"bufio(bytes)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		r := bufio.NewReader(bytes.NewReader(data))
		r.Peek(10)
		return r, func() string { return fmt.Sprint(r.Buffered()) }
	}},
	{"bufio(file)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		f := tempFile(t, data, 0)
		r := bufio.NewReader(f)
		r.Peek(10)
		return r, func() string { return fmt.Sprint(r.Buffered(), offsetOf(f)) }
	}},
	{"bufio(tcp)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		r := bufio.NewReader(feed(t, "tcp", data))
		r.Peek(10)
		return r, func() string { return fmt.Sprint(r.Buffered()) }
	}},
	{"tcp", func(t testing.TB, data []byte) (io.Reader, func() string) {
		return feed(t, "tcp", data), stateless
	}},
	{"limited(tcp)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		r := &io.LimitedReader{R: feed(t, "tcp", append(data[:len(data):len(data)], "tail"...)), N: int64(len(data))}
		return r, func() string { return fmt.Sprint(r.N) }
	}},
	{"unix", func(t testing.TB, data []byte) (io.Reader, func() string) {
		return feed(t, "unix", data), stateless
	}},
	{"tls", func(t testing.TB, data []byte) (io.Reader, func() string) {
		c, s := tlsPair(t)
		var wg sync.WaitGroup
		wg.Go(func() { s.Write(data); s.Close() })
		t.Cleanup(func() { c.Close(); wg.Wait() })
		return c, stateless
	}},
	{"body", func(t testing.TB, data []byte) (io.Reader, func() string) {
		// The body of an S3 object is that of an HTTP response, in a wrapper that
		// has the two methods.
		resp := must(copyServers(t).serve(data))(t)
		t.Cleanup(func() { resp.Body.Close() })
		return struct{ io.ReadCloser }{resp.Body}, stateless
	}},
}

func fileSink(flag int) func(testing.TB, int) (io.Writer, func() []byte) {
	return func(t testing.TB, n int) (io.Writer, func() []byte) {
		name := filepath.Join(t.TempDir(), "dst")
		require.NoError(t, os.WriteFile(name, []byte("head"), 0o666))
		f := must(os.OpenFile(name, os.O_RDWR|flag, 0))(t)
		t.Cleanup(func() { f.Close() })
		must(f.Seek(4, io.SeekStart))(t)
		return f, func() []byte {
			return fmt.Appendf(must(os.ReadFile(name))(t), "|%s", offsetOf(f))
		}
	}
}

// bufioSink puts a bufio.Writer that holds head in front of a sink.
func bufioSink(head string, inner func(testing.TB, int) (io.Writer, func() []byte)) func(testing.TB, int) (io.Writer, func() []byte) {
	return func(t testing.TB, n int) (io.Writer, func() []byte) {
		w, got := inner(t, n+len(head))
		bw := bufio.NewWriter(w)
		bw.WriteString(head)
		return bw, func() []byte {
			require.NoError(t, bw.Flush())
			return got()
		}
	}
}

func connSink(network string) func(testing.TB, int) (io.Writer, func() []byte) {
	return func(t testing.TB, n int) (io.Writer, func() []byte) { return collect(t, network, n) }
}

func plainSink(t testing.TB, n int) (io.Writer, func() []byte) {
	var b bytes.Buffer
	b.Grow(n)
	return onlyWriter{&b}, b.Bytes
}

func httpSink(secure, length bool) func(testing.TB, int) (io.Writer, func() []byte) {
	return func(t testing.TB, n int) (io.Writer, func() []byte) {
		return copyServers(t).respond(t, secure, length, n)
	}
}

var copySinks = []copySink{
	{"plain", plainSink},
	{"discard", func(t testing.TB, n int) (io.Writer, func() []byte) {
		return io.Discard, func() []byte { return nil }
	}},
	{"buffer", func(t testing.TB, n int) (io.Writer, func() []byte) {
		b := new(bytes.Buffer)
		b.Grow(n + bytes.MinRead)
		return b, b.Bytes
	}},
	{"tcp", connSink("tcp")},
	{"unix", connSink("unix")},
	{"tls", func(t testing.TB, n int) (io.Writer, func() []byte) {
		c, s := tlsPair(t)
		return c, drainTo(t, s, c, n)
	}},
	{"file", fileSink(0)},
	{"append", fileSink(os.O_APPEND)},
	{"bufio(plain)", bufioSink("", plainSink)},
	{"bufio(plain)+head", bufioSink("head", plainSink)},
	{"bufio(tcp)", bufioSink("", connSink("tcp"))},
	{"bufio(tcp)+head", bufioSink("head", connSink("tcp"))},
	{"bufio(file)+head", bufioSink("head", fileSink(0))},
	{"http,length", httpSink(false, true)},
	{"http,chunked", httpSink(false, false)},
	{"https,length", httpSink(true, true)},
	{"bufio(http,length)+head", bufioSink("head", httpSink(false, true))},
}

var copySizes = []int{0, 1, 4095, 4096, 4097, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1<<20 + 7}

func TestCopy(t *testing.T) {
	copyServers(t)
	data := randomBytes(copySizes[len(copySizes)-1])
	for _, src := range copySources {
		for _, dst := range copySinks {
			t.Run(src.name+" to "+dst.name, func(t *testing.T) {
				for _, size := range copySizes {
					want := runCopy(t, io.Copy, src, dst, data[:size])
					have := runCopy(t, pooledCopy, src, dst, data[:size])
					have.compare(t, want, size)
					require.Equal(t, int64(size), have.n)
				}
			})
		}
	}
}

// A copied is all that can be seen of a copy.
type copied struct {
	n     int64
	err   error
	got   []byte
	state string
}

func (c copied) compare(t *testing.T, want copied, size int) {
	t.Helper()
	require.Equal(t, want.n, c.n, "count of %d bytes", size)
	require.Equal(t, words(want.err), words(c.err), "error")
	require.True(t, bytes.Equal(want.got, c.got), "the bytes of %d differ: %d and %d arrived", size, len(want.got), len(c.got))
	require.Equal(t, want.state, c.state, "state of the source after %d bytes", size)
}

func runCopy(t *testing.T, do copyFunc, src copySource, dst copySink, data []byte) (c copied) {
	t.Helper()
	r, state := src.open(t, data)
	w, got := dst.open(t, len(data))
	c.n, c.err = do(w, r)
	c.got = got()
	c.state = state()
	return c
}

// words returns the text of an error without the names of temporary files and ports.
func words(err error) string {
	if err == nil {
		return ""
	}
	return volatile.ReplaceAllString(err.Error(), "…")
}

var volatile = regexp.MustCompile(`127\.0\.0\.1:\d+|/[^ :]*`)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// Copy allocates no more than the plainest loop over Read and Write with a buffer of
// its own, for every pair: what that loop allocates (net/http's header, its box
// around the length of each chunk, a TLS record on the other side) is not ours.
//
// There are two exceptions, of 8 bytes for each allocation. Into an HTTP response
// with a Content-Length, net's ReadFrom allocates three times before it asks the
// source to write itself (over TLS, net/http once), and there is no other way to the
// connection: for bodies above 32 KiB only. And os.File.WriteTo allocates
// once to find the descriptor of a Unix connection.
func TestCopyAllocations(t *testing.T) {
	if check.Enabled {
		return // sync.Pool drops Puts under the race detector, and checks allocate
	}
	buf := make([]byte, zerocopy.PumpSize)
	loop := func(w io.Writer, r io.Reader) (int64, error) {
		return io.CopyBuffer(onlyWriter{w}, onlyReader{r}, buf)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // or it empties sync.Pools
	for _, size := range []int{0, 1000, 64 << 10, 1<<20 + 7} {
		data := randomBytes(size)
		for _, src := range copySources {
			for _, dst := range copySinks {
				exception := 0
				switch {
				case dst.name == "unix" && (src.name == "file" || src.name == "bufio(file)"):
					exception = 1
				case strings.Contains(dst.name, ",length") && size >= zerocopy.PumpSize && isKernelSource(src.name):
					exception = 3
				}
				// The other side of TLS and HTTP allocates as it likes, and in step with
				// the arrival of bytes: there the count has some play, and the sum of
				// bytes says that no buffer was made.
				slack := 0
				if strings.Contains(src.name+dst.name, "tls") || strings.Contains(dst.name, "http") {
					slack = 4 + size/(32<<10)
				}
				var have, floor mallocs
				ok := false
				// Which records of TLS arrive together is chance: a buffer of ours would
				// be there every time.
				for range 50 {
					floor = copyMallocs(t, loop, src, dst, data)
					have = copyMallocs(t, pooledCopy, src, dst, data)
					ok = have.count <= floor.count+exception+slack && have.bytes <= floor.bytes+8*exception+512*slack
					if ok {
						break
					}
				}
				if !ok {
					t.Errorf("%s to %s, %d bytes: %+v, a plain loop: %+v, io.Copy: %+v",
						src.name, dst.name, size, have, floor, copyMallocs(t, io.Copy, src, dst, data))
				}
			}
		}
	}
}

func isKernelSource(name string) bool {
	return strings.Contains(name, "file") || strings.Contains(name, "tcp") || name == "unix"
}

type mallocs struct{ count, bytes int }

// copyMallocs returns the allocations of a copy. The ends allocate too while they
// are made, and on the other side, so that testing.AllocsPerRun is no use; what the
// copy does itself is in every run, what others do is not.
func copyMallocs(t testing.TB, do copyFunc, src copySource, dst copySink, data []byte) mallocs {
	fewest := mallocs{math.MaxInt, math.MaxInt}
	for i := 0; i < 4 && fewest.count > 0; i++ {
		func() {
			c := &cleaner{TB: t}
			defer c.run()
			r, _ := src.open(c, data)
			w, got := dst.open(c, len(data))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			do(w, r)
			runtime.ReadMemStats(&after)
			got()
			fewest.count = min(fewest.count, int(after.Mallocs-before.Mallocs))
			fewest.bytes = min(fewest.bytes, int(after.TotalAlloc-before.TotalAlloc))
		}()
	}
	return fewest
}

// A cleaner runs cleanups before the test is over.
type cleaner struct {
	testing.TB
	fns []func()
}

func (c *cleaner) Cleanup(fn func()) { c.fns = append(c.fns, fn) }
func (c *cleaner) TempDir() string {
	dir := must(os.MkdirTemp("", "copy"))(c.TB)
	c.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
func (c *cleaner) run() {
	for len(c.fns) > 0 {
		last := len(c.fns) - 1
		fn := c.fns[last]
		c.fns = c.fns[:last]
		fn()
	}
}

// TestCopyAllocsPerRun counts with testing.AllocsPerRun, on ends that are warm, what
// TestCopyAllocations compares on new ones. TLS records are allocated by crypto/tls,
// chunk headers by net/http: the loop over Read and Write says how many.
func TestCopyAllocsPerRun(t *testing.T) {
	if check.Enabled {
		return // sync.Pool drops Puts under the race detector, and checks allocate
	}
	buf := make([]byte, zerocopy.PumpSize)
	loop := func(w io.Writer, r io.Reader) (int64, error) {
		return io.CopyBuffer(onlyWriter{w}, onlyReader{r}, buf)
	}
	const size = 1 << 20
	for _, src := range copytest.Sources {
		for _, dst := range copytest.Sinks {
			t.Run(src.Name+" to "+dst.Name, func(t *testing.T) {
				var s copytest.Stage
				defer s.Close()
				r, rewindSource, err := src.Open(&s, size)
				require.NoError(t, err)
				w, rewindSink, err := dst.Open(&s)
				require.NoError(t, err)
				count := func(do copyFunc) float64 {
					return testing.AllocsPerRun(5, func() {
						if err := errors.Join(rewindSource(), rewindSink()); err != nil {
							t.Fatal(err)
						}
						if n, err := do(w, r); n != size || err != nil {
							t.Fatal(n, err)
						}
					})
				}
				want := 0.0
				switch {
				case dst.Name == "chunked":
					// From the network, chunks are as long as what arrives.
					want = max(count(loop)-2, size/(4<<10))
				case src.Name == "tls" || strings.Contains(dst.Name, "tls"):
					// By records, which come as they come, and leave as they are written:
					// io.Copy's buffer is a single allocation. TestCopyAllocations sees the bytes.
					want = 2*max(count(loop), count(io.Copy)) + 10
				case dst.Name == "unix" && (src.Name == "file" || src.Name == "bufiofile"):
					want = 1 // os's, for the descriptor
				case dst.Name == "http" && slices.Contains([]string{"file", "limited", "section", "bufiofile", "bufiotcp", "tcp", "unix", "pipe"}, src.Name):
					want = 3 // net's
				}
				require.LessOrEqual(t, count(pooledCopy), want)
			})
		}
	}
}

// A faultyWriter takes n bytes and then does as wrong says.
type faultyWriter struct {
	n     int
	wrong func(b []byte) (int, error)
	got   []byte
}

func (w *faultyWriter) Write(b []byte) (int, error) {
	if len(b) > w.n {
		k := w.n
		w.n = 0
		w.got = append(w.got, b[:k]...)
		n, err := w.wrong(b[k:])
		return k + n, err
	}
	w.n -= len(b)
	w.got = append(w.got, b...)
	return len(b), nil
}

func TestCopyFaultyWriter(t *testing.T) {
	boom := errors.New("boom")
	faults := map[string]func([]byte) (int, error){
		"error":        func(b []byte) (int, error) { return 0, boom },
		"short":        func(b []byte) (int, error) { return 0, nil },
		"eof":          func(b []byte) (int, error) { return 0, io.EOF },
		"too much":     func(b []byte) (int, error) { return len(b) + 1, nil },
		"too much+err": func(b []byte) (int, error) { return len(b) + 1, boom },
		"negative":     func(b []byte) (int, error) { return math.MinInt, nil },
		"all with err": func(b []byte) (int, error) { return len(b), boom },
	}
	data := randomBytes(200_000)
	for name, fault := range faults {
		for _, src := range copySources {
			if name != "error" && strings.HasPrefix(src.name, "bufio") || src.name == "bytes" {
				// bytes.Reader panics at such counts, bufio.Reader repeats short
				// writes: their own methods, which Copy calls as io.Copy does.
				continue
			}
			t.Run(name+" from "+src.name, func(t *testing.T) {
				for _, at := range []int{0, 1, 5000, 65536, 100_000} {
					if name != "error" && name != "short" && name != "eof" {
						at = 0 // else the count depends on the size of the pieces
					}
					run := func(do copyFunc, size int) copied {
						w := &faultyWriter{n: at, wrong: fault}
						r, _ := src.open(t, data[:size])
						n, err := do(onlyWriter{w}, r)
						return copied{n: n, err: err, got: w.got}
					}
					size := len(data)
					if at == 0 && name == "all with err" {
						size = 1000
					}
					run(pooledCopy, size).compare(t, run(io.Copy, size), size)
				}
			})
		}
	}
}

// A step is what one Read returns.
type step struct {
	n   int
	err error
}

// A scriptedReader returns a step for every Read, data all the time, and EOF after
// the last.
type scriptedReader struct {
	steps []step
	next  byte
}

func (r *scriptedReader) Read(b []byte) (int, error) {
	if len(r.steps) == 0 {
		return 0, io.EOF
	}
	s := &r.steps[0]
	if s.n < 0 {
		n, err := s.n, s.err
		r.steps = r.steps[1:]
		return n, err
	}
	n := min(s.n, len(b))
	for i := range n {
		b[i] = r.next
		r.next++
	}
	s.n -= n
	if s.n > 0 {
		return n, nil
	}
	err := s.err
	r.steps = r.steps[1:]
	return n, err
}

func TestCopyFaultyReader(t *testing.T) {
	boom := errors.New("boom")
	data := randomBytes(150_000)
	readers := map[string]func() io.Reader{
		"error at once":     func() io.Reader { return iotest.ErrReader(boom) },
		"error after bytes": func() io.Reader { return &scriptedReader{steps: []step{{100_000, nil}, {0, boom}}} },
		"error with bytes":  func() io.Reader { return &scriptedReader{steps: []step{{100_000, boom}}} },
		"unexpected EOF":    func() io.Reader { return &scriptedReader{steps: []step{{10, io.ErrUnexpectedEOF}}} },
		"nothing, then":     func() io.Reader { return &scriptedReader{steps: []step{{0, nil}, {5, nil}, {0, nil}, {7, nil}}} },
		"timeout":           func() io.Reader { return iotest.TimeoutReader(bytes.NewReader(data)) },
		"EOF with bytes":    func() io.Reader { return iotest.DataErrReader(bytes.NewReader(data)) },
		"one byte":          func() io.Reader { return iotest.OneByteReader(bytes.NewReader(data[:3000])) },
		"half":              func() io.Reader { return iotest.HalfReader(bytes.NewReader(data)) },
		"limited error":     func() io.Reader { return io.LimitReader(&scriptedReader{steps: []step{{9, boom}}}, 10) },
	}
	for name, open := range readers {
		for _, dst := range copySinks {
			if name == "timeout" && !strings.HasPrefix(dst.name, "http") {
				// It fails the second Read, so that the count is the size of the
				// first: a matter of buffers.
				continue
			}
			t.Run(name+" to "+dst.name, func(t *testing.T) {
				run := func(do copyFunc) copied {
					w, got := dst.open(t, len(data))
					n, err := do(w, open())
					if bw, ok := w.(*bufio.Writer); ok && err != nil {
						bw.Reset(io.Discard) // it may keep the error
					}
					c := copied{n: n, err: err, got: got()}
					if strings.Contains(dst.name, "bufio") && err != nil || name == "timeout" {
						c.got, c.n = nil, 0
					}
					return c
				}
				have, want := run(pooledCopy), run(io.Copy)
				if strings.Contains(dst.name, "http,length") && have.err != nil {
					// net names the connection if it is asked, and it is not asked.
					require.ErrorContains(t, want.err, have.err.Error())
					have.err, want.err = nil, nil
				}
				have.compare(t, want, -1)
			})
		}
	}
}

func TestCopyNegativeCountIsNothing(t *testing.T) {
	run := func(do copyFunc) (n int64, got int, err error) {
		w := &faultyWriter{n: 100}
		n, err = do(w, &scriptedReader{steps: []step{{3, nil}, {-7, nil}, {4, nil}}})
		return n, len(w.got), err
	}
	n, got, err := run(pooledCopy)
	wantN, wantGot, wantErr := run(io.Copy)
	require.Equal(t, wantN, n)
	require.Equal(t, wantErr, err)
	require.Equal(t, wantGot, got)
}

// A bufio.Writer keeps the first error that it, or Copy past it, has met.
func TestCopyBufioWriterKeepsError(t *testing.T) {
	for _, head := range []string{"", "head"} {
		a, b := connPair(t, "tcp")
		b.Close()
		a.(*net.TCPConn).SetLinger(0)
		bw := bufio.NewWriter(a)
		bw.WriteString(head)
		a.Close()
		n, err := pooledCopy(bw, tempFile(t, randomBytes(1<<20), 0))
		require.ErrorIs(t, err, net.ErrClosed)
		require.LessOrEqual(t, n, int64(bw.Size()))
		require.ErrorIs(t, bw.Flush(), net.ErrClosed)
		_, err = bw.WriteString("more")
		require.ErrorIs(t, err, net.ErrClosed)
		n, err = pooledCopy(bw, strings.NewReader("more"))
		require.ErrorIs(t, err, net.ErrClosed)
		require.Zero(t, n)
	}
}

// A writer that takes nothing and says nothing is the end of a copy, behind a
// bufio.Writer too, though bufio.Writer.Write would try for ever.
func TestCopyBufioWriterSilent(t *testing.T) {
	for _, src := range copySources {
		if strings.HasPrefix(src.name, "bytes") || src.name == "bufio(bytes)" {
			continue // write themselves, with that one Write
		}
		for _, do := range []copyFunc{io.Copy, pooledCopy} {
			silent := &faultyWriter{n: 10_000, wrong: func([]byte) (int, error) { return 0, nil }}
			bw := bufio.NewWriter(onlyWriter{silent})
			r, _ := src.open(t, randomBytes(200_000))
			_, err := do(bw, r)
			require.ErrorIs(t, err, io.ErrShortWrite, src.name)
			require.ErrorIs(t, bw.Flush(), io.ErrShortWrite)
		}
	}
}

func TestCopyClosedEnds(t *testing.T) {
	for _, name := range []string{"file", "limited(file)", "section(file)", "tcp", "limited(tcp)", "bufio(file)", "bufio(tcp)"} {
		src := copySources[indexOfSource(name)]
		for _, dst := range copySinks {
			if dst.name == "bufio(http,length)+head" {
				continue
			}
			t.Run("source "+name+" to "+dst.name, func(t *testing.T) {
				run := func(do copyFunc) (int64, error) {
					r, _ := src.open(t, randomBytes(100_000))
					closeBehind(t, r)
					w, got := dst.open(t, 0)
					n, err := do(w, r)
					if bw, ok := w.(*bufio.Writer); ok {
						bw.Reset(io.Discard)
					}
					got()
					return n, err
				}
				n, err := run(pooledCopy)
				wantN, wantErr := run(io.Copy)
				require.Equal(t, wantN, n)
				require.Equal(t, words(wantErr), words(err))
				require.Error(t, err)
			})
		}
		t.Run(name+" to closed conn", func(t *testing.T) {
			for _, do := range []copyFunc{io.Copy, pooledCopy} {
				r, _ := src.open(t, randomBytes(100_000))
				a, _ := connPair(t, "tcp")
				a.Close()
				n, err := do(a, r)
				require.ErrorIs(t, err, net.ErrClosed)
				require.Zero(t, n)
			}
		})
		t.Run(name+" to closed file", func(t *testing.T) {
			for _, do := range []copyFunc{io.Copy, pooledCopy} {
				r, _ := src.open(t, randomBytes(100_000))
				f := tempFile(t, nil, 0)
				f.Close()
				n, err := do(f, r)
				require.ErrorIs(t, err, os.ErrClosed)
				require.Zero(t, n)
			}
		})
	}
}

func indexOfSource(name string) int {
	for i, s := range copySources {
		if s.name == name {
			return i
		}
	}
	panic(name)
}

// closeBehind closes what r reads from.
func closeBehind(t *testing.T, r io.Reader) {
	switch v := r.(type) {
	case *io.LimitedReader:
		closeBehind(t, v.R)
	case *io.SectionReader:
		at, _, _ := v.Outer()
		require.NoError(t, at.(io.Closer).Close())
	case *bufio.Reader:
		t.Helper()
		closeBehind(t, xio.ReaderBehind(v))
	case io.Closer:
		require.NoError(t, v.Close())
	}
}

func TestCopyPeerGoesAway(t *testing.T) {
	for _, name := range []string{"file", "limited(file)", "section(file)", "plain", "tcp", "bufio(file)"} {
		src := copySources[indexOfSource(name)]
		for _, buffered := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " buffered=", buffered), func(t *testing.T) {
				for _, do := range []copyFunc{io.Copy, pooledCopy} {
					r, _ := src.open(t, randomBytes(16<<20))
					a, b := connPair(t, "tcp")
					var wg sync.WaitGroup
					wg.Go(func() {
						io.ReadFull(b, make([]byte, 1<<20))
						b.(*net.TCPConn).SetLinger(0) // close with a reset
						b.Close()
					})
					var w io.Writer = a
					if buffered {
						w = bufio.NewWriter(a)
					}
					n, err := do(w, r)
					wg.Wait()
					require.Error(t, err)
					require.Regexp(t, "connection reset by peer|broken pipe", err.Error())
					require.GreaterOrEqual(t, n, int64(1<<20))
					require.Less(t, n, int64(16<<20))
					var op *net.OpError
					var pe *os.PathError
					require.True(t, errors.As(err, &op) || errors.As(err, &pe))
					a.Close()
				}
			})
		}
	}
}

// The peer does not read: the copy stops at the deadline, having counted what was
// sent and nothing else.
func TestCopyWriteDeadline(t *testing.T) {
	for _, name := range []string{"file", "limited(file)", "section(file)", "plain", "bufio(file)"} {
		src := copySources[indexOfSource(name)]
		for _, buffered := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " buffered=", buffered), func(t *testing.T) {
				data := randomBytes(32 << 20)
				for _, do := range []copyFunc{io.Copy, pooledCopy} {
					r, _ := src.open(t, data)
					a, b := connPair(t, "tcp")
					var w io.Writer = a
					if buffered {
						w = bufio.NewWriter(a)
					}
					require.NoError(t, a.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
					n, err := do(w, r)
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					var ne net.Error
					require.True(t, errors.As(err, &ne) && ne.Timeout())
					require.Greater(t, n, int64(0))
					require.Less(t, n, int64(len(data)))

					// The connection is as good as before.
					require.NoError(t, a.SetWriteDeadline(time.Time{}))
					got := drainTo(t, b, a, len(data))
					must(a.Write([]byte("end")))(t)
					arrived := got()
					require.True(t, bytes.Equal(append(data[:n:n], "end"...), arrived), "%d counted, %d arrived", n, len(arrived))
				}
			})
		}
	}
}

// The peer stops sending: what has come is where it belongs, and is counted.
func TestCopyReadDeadline(t *testing.T) {
	data := randomBytes(3<<20 + 5)
	for _, dst := range copySinks {
		if strings.HasPrefix(dst.name, "http") || strings.HasPrefix(dst.name, "bufio") {
			continue // these hold bytes back after an error
		}
		for _, limit := range []bool{false, true} {
			t.Run(fmt.Sprint(dst.name, " limit=", limit), func(t *testing.T) {
				run := func(do copyFunc) copied {
					a, b := connPair(t, "tcp")
					var wg sync.WaitGroup
					wg.Go(func() { b.Write(data) })
					var src io.Reader = a
					if limit {
						src = &io.LimitedReader{R: a, N: 1 << 40}
					}
					w, got := dst.open(t, len(data))
					timer := time.AfterFunc(time.Minute, func() { a.Close() })
					defer timer.Stop()
					go func() { wg.Wait(); a.SetReadDeadline(time.Now().Add(100 * time.Millisecond)) }()
					n, err := do(w, src)
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					c := copied{n: n, err: err, got: got()}
					if l, ok := src.(*io.LimitedReader); ok {
						c.state = fmt.Sprint(l.N)
					}
					return c
				}
				have := run(pooledCopy)
				have.compare(t, run(io.Copy), len(data))
				require.Equal(t, int64(len(data)), have.n)
			})
		}
	}
}

func TestCopyDeadlineIsPast(t *testing.T) {
	for _, do := range []copyFunc{io.Copy, pooledCopy} {
		a, _ := connPair(t, "tcp")
		require.NoError(t, a.SetWriteDeadline(time.Now().Add(-time.Second)))
		n, err := do(a, io.NewSectionReader(tempFile(t, randomBytes(1000), 0), 0, 1000))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Zero(t, n)
	}
}

// A copy that waits for its peer ends when the connection is closed.
func TestCopyCloseWhileWaiting(t *testing.T) {
	for _, name := range []string{"file", "section(file)"} {
		r, _ := copySources[indexOfSource(name)].open(t, randomBytes(32<<20))
		a, _ := connPair(t, "tcp")
		timer := time.AfterFunc(50*time.Millisecond, func() { a.Close() })
		defer timer.Stop()
		n, err := pooledCopy(a, r)
		require.ErrorIs(t, err, net.ErrClosed)
		require.Greater(t, n, int64(0))
	}
}

func TestCopySectionEdges(t *testing.T) {
	data := randomBytes(10_000)
	cases := map[string]struct{ off, n, seek int64 }{
		"begins at the end":     {10_000, 10, 0},
		"begins beyond the end": {20_000, 10, 0},
		"ends beyond the end":   {9_000, 5_000, 0},
		"to the end of time":    {100, math.MaxInt64, 0},
		"overflow":              {math.MaxInt64 - 1, math.MaxInt64, 0},
		"empty":                 {100, 0, 0},
		"negative length":       {100, -5, 0},
		"negative offset":       {-5, 100, 0},
		"read to its end":       {100, 50, 50},
		"read past its end":     {100, 50, 500},
		"read half":             {100, 50, 25},
	}
	for name, c := range cases {
		for _, dst := range copySinks {
			t.Run(name+" to "+dst.name, func(t *testing.T) {
				run := func(do copyFunc) (r copied) {
					f := tempFile(t, data, 77)
					s := io.NewSectionReader(f, c.off, c.n)
					must(s.Seek(c.seek, io.SeekStart))(t)
					w, got := dst.open(t, len(data))
					r.n, r.err = do(w, s)
					if bw, ok := w.(*bufio.Writer); ok && r.err != nil {
						bw.Reset(io.Discard)
						got()
					} else {
						r.got = got()
					}
					pos, _ := s.Seek(0, io.SeekCurrent)
					r.state = fmt.Sprint(pos, offsetOf(f))
					return r
				}
				run(pooledCopy).compare(t, run(io.Copy), -1)
			})
		}
	}
}

func TestCopySectionOfTruncatedFile(t *testing.T) {
	data := randomBytes(1 << 20)
	f := tempFile(t, data, 0)
	s := io.NewSectionReader(f, 0, 1<<20)
	require.NoError(t, f.Truncate(300_000))
	w, got := collect(t, "tcp", 1<<20)
	n, err := pooledCopy(w, s)
	require.NoError(t, err)
	require.Equal(t, int64(300_000), n)
	require.True(t, bytes.Equal(data[:n], got()))
}

// Copies of sections of one file do not disturb each other, nor the file.
func TestCopyConcurrentSections(t *testing.T) {
	const part = 1<<20 + 13
	data := randomBytes(8 * part)
	f := tempFile(t, data, 5)
	var wg sync.WaitGroup
	for i := range 8 {
		w, got := collect(t, "tcp", part)
		var dst io.Writer = w
		if i%2 == 1 {
			dst = bufio.NewWriter(w)
		}
		wg.Go(func() {
			n, err := pooledCopy(dst, io.NewSectionReader(f, int64(i*part), part))
			arrived := got()
			if n != part || err != nil || !bytes.Equal(arrived, data[i*part:(i+1)*part]) {
				t.Errorf("section %d: %d bytes counted, %d arrived, error %v", i, n, len(arrived), err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, "5 <nil>", offsetOf(f))
	require.Zero(t, blocks.Stats().Scratch.Leased)
}

func TestCopyLimits(t *testing.T) {
	for _, n := range []int64{-1, 0, 1, math.MaxInt64} {
		for _, dst := range copySinks {
			run := func(do copyFunc) (c copied) {
				f := tempFile(t, []byte("0123456789"), 0)
				r := &io.LimitedReader{R: f, N: n}
				w, got := dst.open(t, 10)
				c.n, c.err = do(w, r)
				c.got = got()
				c.state = fmt.Sprint(r.N, offsetOf(f))
				return c
			}
			t.Run(fmt.Sprint(n, " to ", dst.name), func(t *testing.T) {
				run(pooledCopy).compare(t, run(io.Copy), int(n))
			})
		}
	}
}

// Foreign types are asked in io.Copy's order.
func TestCopyAsksForeignTypes(t *testing.T) {
	var asked string
	src := &foreignSource{onlyReader{strings.NewReader("abc")}, &asked}
	dst := &foreignSink{onlyWriter{io.Discard}, &asked}

	pooledCopy(dst, src)
	require.Equal(t, "WriteTo", asked)
	pooledCopy(dst, src.Reader)
	require.Equal(t, "ReadFrom", asked)
	asked = ""
	pooledCopy(dst, tempFile(t, []byte("abc"), 0))
	require.Equal(t, "ReadFrom", asked)
	asked = ""
	pooledCopy(bufio.NewWriter(dst), onlyReader{strings.NewReader("abc")})
	require.Equal(t, "ReadFrom", asked)
	asked = ""
	pooledCopy(onlyWriter{io.Discard}, src)
	require.Equal(t, "WriteTo", asked)
}

type foreignSource struct {
	io.Reader
	asked *string
}

func (f *foreignSource) WriteTo(io.Writer) (int64, error) { *f.asked = "WriteTo"; return 0, nil }

type foreignSink struct {
	io.Writer
	asked *string
}

func (f *foreignSink) ReadFrom(r io.Reader) (int64, error) { *f.asked = "ReadFrom"; return 0, nil }

// The fields of bufio that Copy looks at are where it looks for them. If this
// fails with a new Go, Copy is slower behind bufio, and correct.
func TestCopySeesBehindBufio(t *testing.T) {
	r, w := strings.NewReader(""), new(bytes.Buffer)
	require.Same(t, r, xio.ReaderBehind(bufio.NewReader(r)))
	require.Same(t, w, xio.WriterBehind(bufio.NewWriter(w)))
}

// A panic in an end must not keep the buffer.
func TestCopyPanicReturnsBuffer(t *testing.T) {
	require.Panics(t, func() { pooledCopy(onlyWriter{nil}, onlyReader{strings.NewReader("x")}) })
	require.Zero(t, blocks.Stats().Scratch.Leased)
}

// FuzzCopy plays a script of reads and writes to both.
func FuzzCopy(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint32(10), uint8(0), uint8(0))
	f.Add([]byte{255, 255, 255, 0, 9}, uint32(70_000), uint8(1), uint8(1))
	f.Add([]byte{200, 0, 0, 7, 254}, uint32(1), uint8(2), uint8(2))
	f.Fuzz(func(t *testing.T, script []byte, room uint32, fault, wrap uint8) {
		boom := errors.New("boom")
		run := func(do copyFunc) copied {
			r := &scriptedReader{}
			total := 0
			for i, b := range script {
				s := step{n: int(b) * int(b) * 3}
				total += s.n
				// Which of two faults comes first behind a bufio.Writer depends on what
				// is held back: there the reader fails only if the writer does not.
				if i == len(script)-1 && fault&4 != 0 && (wrap&4 == 0 || int(room) > total+4) {
					s.err = boom
				}
				r.steps = append(r.steps, s)
			}
			w := &faultyWriter{n: int(room), wrong: func(b []byte) (int, error) {
				if fault&1 != 0 || wrap&2 != 0 {
					return 0, boom // bufio.Reader panics at short writes
				}
				return 0, nil
			}}
			var src io.Reader = r
			var dst io.Writer = onlyWriter{w}
			var lim *io.LimitedReader
			if wrap&1 != 0 {
				lim = &io.LimitedReader{R: src, N: int64(total / 2)}
				src = lim
			}
			if wrap&2 != 0 {
				src = bufio.NewReaderSize(src, 100)
			}
			var bw *bufio.Writer
			if wrap&4 != 0 {
				bw = bufio.NewWriterSize(dst, 300)
				bw.WriteString("head")
				dst = bw
			}
			var c copied
			c.n, c.err = do(dst, src)
			if bw != nil {
				if bw.Flush() != nil || c.err != nil {
					c.n = 0 // counts what it has taken, in pieces of any size
				}
				if c.err == nil {
					c.err = bw.Flush()
				}
			}
			c.got = w.got
			if lim != nil && c.err == nil {
				c.state = fmt.Sprint(lim.N)
			}
			return c
		}
		run(pooledCopy).compare(t, run(io.Copy), -1)
	})
}

// A copyServer is a pair of HTTP servers whose handlers lend their ResponseWriter
// to a test.
type copyServer struct {
	http, https *httptest.Server
	client      *http.Client
	lent        chan *loan
}

type loan struct {
	w    http.ResponseWriter
	done chan struct{}
}

// runningCopyServer belongs to the test that asked for it first. Tests that use it
// are not parallel.
var runningCopyServer *copyServer

func copyServers(t testing.TB) *copyServer {
	if runningCopyServer != nil {
		return runningCopyServer
	}
	s := &copyServer{lent: make(chan *loan)}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := r.URL.Query().Get("length"); n != "" {
			w.Header().Set("Content-Length", n)
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		l := &loan{w, make(chan struct{})}
		s.lent <- l
		<-l.done
	})
	s.http = httptest.NewServer(h)
	s.https = httptest.NewUnstartedServer(h)
	s.https.EnableHTTP2 = false
	s.https.StartTLS()
	s.client = s.https.Client()
	s.client.Transport.(*http.Transport).DisableKeepAlives = true
	runningCopyServer = s
	t.Cleanup(func() {
		runningCopyServer = nil
		s.http.Close()
		s.https.Close()
	})
	return s
}

// respond lends the ResponseWriter of a request whose answer is collected.
func (s *copyServer) respond(t testing.TB, secure, length bool, n int) (http.ResponseWriter, func() []byte) {
	url := s.http.URL
	if secure {
		url = s.https.URL
	}
	if length {
		url += "?length=" + strconv.Itoa(n)
	}
	buf := make([]byte, n+1)
	var wg sync.WaitGroup
	wg.Go(func() {
		resp, err := s.client.Get(url)
		if err != nil {
			buf = nil
			return
		}
		m, _ := io.ReadFull(resp.Body, buf)
		resp.Body.Close()
		buf = buf[:m]
	})
	l := <-s.lent
	finish := sync.OnceFunc(func() { close(l.done); wg.Wait() })
	t.Cleanup(finish)
	return l.w, func() []byte { finish(); return buf }
}

// serve answers a request with data.
func (s *copyServer) serve(data []byte) (*http.Response, error) {
	type result struct {
		resp *http.Response
		err  error
	}
	c := make(chan result, 1)
	go func() {
		resp, err := s.client.Get(s.http.URL + "?length=" + strconv.Itoa(len(data)))
		c <- result{resp, err}
	}()
	l := <-s.lent
	go func() { l.w.Write(data); close(l.done) }()
	r := <-c
	return r.resp, r.err
}
