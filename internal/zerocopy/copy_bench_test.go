package zerocopy_test

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

const copyBenchSize = 1 << 20

// The ends of a benchmark are made once and rewound for every copy: connections
// never end, so that their sources are limited; the other side runs along.

type benchSource struct {
	name string
	open func(b testing.TB, size int) (src io.Reader, rewind func())
}

type benchSink struct {
	name string
	open func(b testing.TB) (dst io.Writer, rewind func())
}

// pour writes to w for as long as it takes.
func pour(w io.Writer) {
	buf := make([]byte, 256<<10)
	for {
		if _, err := w.Write(buf); err != nil {
			return
		}
	}
}

// swallow reads r to its end, without a thought.
func swallow(r io.Reader) {
	buf := make([]byte, 256<<10)
	for {
		if _, err := r.Read(buf); err != nil {
			return
		}
	}
}

// beside runs f until the benchmark is over, when it closes c.
func beside(b testing.TB, c io.Closer, f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	b.Cleanup(func() { c.Close(); wg.Wait() })
}

func limited(r io.Reader, size int) (io.Reader, func()) {
	l := &io.LimitedReader{R: r}
	return l, func() { l.N = int64(size) }
}

func benchFile(b testing.TB, size int) *os.File { return tempFile(b, make([]byte, size), 0) }

// poured returns a limited source on the near end of a connection or pipe.
func poured(open func(testing.TB) (near io.Reader, closer io.Closer, far io.Writer)) func(testing.TB, int) (io.Reader, func()) {
	return func(b testing.TB, size int) (io.Reader, func()) {
		near, closer, far := open(b)
		beside(b, closer, func() { pour(far) })
		return limited(near, size)
	}
}

// buffered puts a bufio.Reader in front of a source whose end is seen at once.
func buffered(open func(testing.TB, int) (io.Reader, func())) func(testing.TB, int) (io.Reader, func()) {
	return func(b testing.TB, size int) (io.Reader, func()) {
		r, rewind := open(b, size)
		br := bufio.NewReader(r)
		return br, func() { rewind(); br.Reset(r) }
	}
}

func openBenchFile(b testing.TB, size int) (io.Reader, func()) {
	f := benchFile(b, size)
	return f, func() { f.Seek(0, io.SeekStart) }
}

func openBenchPlain(b testing.TB, size int) (io.Reader, func()) {
	r := bytes.NewReader(make([]byte, size))
	return onlyReader{r}, func() { r.Seek(0, io.SeekStart) }
}

var openBenchTCP = poured(func(b testing.TB) (io.Reader, io.Closer, io.Writer) {
	c, peer := connPair(b, "tcp")
	return c, c, peer
})

// A packets reader returns as much as a packet carries.
type packets struct{ r io.Reader }

func (p packets) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), 1448)]) }

var benchSources = []benchSource{
	{"file", openBenchFile},
	{"limited", func(b testing.TB, size int) (io.Reader, func()) {
		f := benchFile(b, size)
		l := &io.LimitedReader{R: f}
		return l, func() { f.Seek(0, io.SeekStart); l.N = int64(size) }
	}},
	{"section", func(b testing.TB, size int) (io.Reader, func()) {
		s := io.NewSectionReader(benchFile(b, size), 0, int64(size))
		return s, func() { s.Seek(0, io.SeekStart) }
	}},
	{"bytes", func(b testing.TB, size int) (io.Reader, func()) {
		r := bytes.NewReader(make([]byte, size))
		return r, func() { r.Seek(0, io.SeekStart) }
	}},
	{"plain", openBenchPlain},
	{"packets", func(b testing.TB, size int) (io.Reader, func()) {
		r, rewind := openBenchPlain(b, size)
		return packets{r}, rewind
	}},
	{"bufio", buffered(openBenchPlain)},
	{"bufiofile", buffered(openBenchFile)},
	{"bufiotcp", buffered(openBenchTCP)},
	{"tcp", openBenchTCP},
	{"unix", poured(func(b testing.TB) (io.Reader, io.Closer, io.Writer) {
		c, peer := connPair(b, "unix")
		return c, c, peer
	})},
	{"tls", poured(func(b testing.TB) (io.Reader, io.Closer, io.Writer) {
		c, peer := tlsPair(b)
		return c, c.NetConn(), peer
	})},
	{"pipe", poured(func(b testing.TB) (io.Reader, io.Closer, io.Writer) {
		r, w, err := os.Pipe()
		must(0, err)(b)
		b.Cleanup(func() { w.Close() })
		return r, r, w
	})},
	{"iopipe", poured(func(b testing.TB) (io.Reader, io.Closer, io.Writer) {
		r, w := io.Pipe()
		return r, r, w
	})},
	{"body", func(b testing.TB, size int) (io.Reader, func()) {
		c, peer := connPair(b, "tcp")
		beside(b, c, func() {
			io.WriteString(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\n")
			pour(peer)
		})
		resp := must(http.ReadResponse(bufio.NewReader(c), nil))(b)
		return limited(struct{ io.ReadCloser }{resp.Body}, size)
	}},
}

func still() {}

func openBenchConn(network string) func(b testing.TB) (io.Writer, func()) {
	return func(b testing.TB) (io.Writer, func()) {
		c, peer := connPair(b, network)
		beside(b, c, func() { swallow(peer) })
		return c, still
	}
}

func openBenchTLS(b testing.TB) (io.Writer, func()) {
	c, peer := tlsPair(b)
	beside(b, c.NetConn(), func() { swallow(peer) })
	return c, still
}

func benchFileSink(flag int) func(testing.TB) (io.Writer, func()) {
	return func(b testing.TB) (io.Writer, func()) {
		f := must(os.OpenFile(b.TempDir()+"/dst", os.O_RDWR|os.O_CREATE|flag, 0o666))(b)
		b.Cleanup(func() { f.Close() })
		if flag&os.O_APPEND != 0 {
			return f, func() { f.Truncate(0) }
		}
		return f, func() { f.Seek(0, io.SeekStart) }
	}
}

func benchHTTPSink(length bool) func(testing.TB) (io.Writer, func()) {
	return func(b testing.TB) (io.Writer, func()) {
		s := copyServers(b)
		c := must(net.Dial("tcp", s.http.Listener.Addr().String()))(b)
		query := ""
		if length {
			query = "?length=1000000000000000"
		}
		io.WriteString(c, "GET /"+query+" HTTP/1.1\r\nHost: x\r\n\r\n")
		l := <-s.lent
		b.Cleanup(func() { close(l.done) })
		beside(b, c, func() { swallow(c) })
		l.w.Write(make([]byte, 1<<20)) // the header is out
		return l.w, still
	}
}

// flushed puts a bufio.Writer in front of a sink.
func flushed(open func(testing.TB) (io.Writer, func())) func(testing.TB) (io.Writer, func()) {
	return func(b testing.TB) (io.Writer, func()) {
		w, rewind := open(b)
		bw := bufio.NewWriter(w)
		return bw, func() { bw.Flush(); rewind() }
	}
}

var benchSinks = []benchSink{
	{"tcp", openBenchConn("tcp")},
	{"unix", openBenchConn("unix")},
	{"tls", openBenchTLS},
	{"file", benchFileSink(0)},
	{"append", benchFileSink(os.O_APPEND)},
	{"pipe", func(b testing.TB) (io.Writer, func()) {
		r, w, err := os.Pipe()
		must(0, err)(b)
		beside(b, w, func() { swallow(r); r.Close() })
		return w, still
	}},
	{"iopipe", func(b testing.TB) (io.Writer, func()) {
		r, w := io.Pipe()
		beside(b, w, func() { swallow(r) })
		return w, still
	}},
	{"plain", func(b testing.TB) (io.Writer, func()) { return onlyWriter{io.Discard}, still }},
	{"discard", func(b testing.TB) (io.Writer, func()) { return io.Discard, still }},
	{"buffer", func(b testing.TB) (io.Writer, func()) {
		w := new(bytes.Buffer)
		w.Grow(10<<20 + bytes.MinRead)
		return w, w.Reset
	}},
	{"bufiotcp", flushed(openBenchConn("tcp"))},
	{"bufiounix", flushed(openBenchConn("unix"))},
	{"bufiotls", flushed(openBenchTLS)},
	{"bufiofile", flushed(benchFileSink(0))},
	{"bufioplain", flushed(func(b testing.TB) (io.Writer, func()) { return onlyWriter{io.Discard}, still })},
	{"http", benchHTTPSink(true)},
	{"chunked", benchHTTPSink(false)},
}

var copyImpls = []struct {
	name string
	do   copyFunc
}{{"io", io.Copy}, {"s3pool", pooledCopy}}

// BenchmarkCopy has a place for every pair and either implementation.
func BenchmarkCopy(b *testing.B) {
	for _, src := range benchSources {
		for _, dst := range benchSinks {
			for _, impl := range copyImpls {
				b.Run("src="+src.name+",dst="+dst.name+",impl="+impl.name, func(b *testing.B) {
					copyServers(b)
					r, rewindSource := src.open(b, copyBenchSize)
					w, rewindSink := dst.open(b)
					b.SetBytes(copyBenchSize)
					b.ReportAllocs()
					for b.Loop() {
						rewindSource()
						rewindSink()
						if n, err := impl.do(w, r); n != copyBenchSize || err != nil {
							b.Fatal(n, err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkCopyRatio alternates the two on the same ends, so that whatever else the
// machine does hits both, for every pair and size. ratio is io.Copy's time divided by
// ours: 1 is as fast, more is faster. Ratios are of the quick rounds: what a busy machine
// adds to the others is neither's. The worst are printed at the end. An iteration is a
// round, so that -benchtime=20x makes sense.
func BenchmarkCopyRatio(b *testing.B) {
	type line struct {
		what  string
		ratio float64
		ours  time.Duration
	}
	var lines []line
	for _, size := range []int{300, 4 << 10, 32 << 10, 256 << 10, 1 << 20, 10 << 20} {
		for _, src := range benchSources {
			for _, dst := range benchSinks {
				name := fmt.Sprintf("src=%s,dst=%s,size=%d", src.name, dst.name, size)
				b.Run(name, func(b *testing.B) {
					ours, theirs := alternate(b, src, dst, size)
					ratio := float64(theirs) / float64(ours)
					lines = append(lines, line{name, ratio, ours})
					b.ReportMetric(ratio, "ratio")
					b.ReportMetric(float64(ours.Nanoseconds())/1e3, "µs/copy")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.ratio, b.ratio) })
	for _, l := range lines[:min(len(lines), 30)] {
		b.Logf("%.2f  %v  %s", l.ratio, l.ours, l.what)
	}
}

// alternate returns the time of a copy in the quick rounds, ours and io.Copy's.
func alternate(b *testing.B, src benchSource, dst benchSink, size int) (ours, theirs time.Duration) {
	copyServers(b)
	r, rewindSource := src.open(b, size)
	w, rewindSink := dst.open(b)
	run := func(impl, copies int) time.Duration {
		start := time.Now()
		for range copies {
			rewindSource()
			rewindSink()
			if n, err := copyImpls[impl].do(w, r); n != int64(size) || err != nil {
				b.Fatal(n, err)
			}
		}
		return time.Since(start)
	}
	run(0, 1)
	run(1, 1)
	copies := int(max(1, min(500, 300*time.Microsecond/(run(0, 3)/3+1))))
	var took [2][]time.Duration
	for i := 0; b.Loop(); i++ {
		for j := range copyImpls {
			k := (i + j) % 2
			took[k] = append(took[k], run(k, copies)/time.Duration(copies))
		}
	}
	return quick(took[1]), quick(took[0])
}

// quick returns the mean of the quickest quarter.
func quick(d []time.Duration) (mean time.Duration) {
	slices.Sort(d)
	d = d[:max(1, len(d)/4)]
	for _, t := range d {
		mean += t
	}
	return mean / time.Duration(len(d))
}
