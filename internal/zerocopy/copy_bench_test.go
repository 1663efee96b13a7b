package zerocopy_test

import (
	"bufio"
	"bytes"
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
	open func(b testing.TB) (src io.Reader, rewind func())
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

func limited(r io.Reader) (io.Reader, func()) {
	l := &io.LimitedReader{R: r}
	return l, func() { l.N = copyBenchSize }
}

func benchFile(b testing.TB) *os.File {
	return tempFile(b, make([]byte, copyBenchSize), 0)
}

var benchSources = []benchSource{
	{"file", func(b testing.TB) (io.Reader, func()) {
		f := benchFile(b)
		return f, func() { f.Seek(0, io.SeekStart) }
	}},
	{"limited", func(b testing.TB) (io.Reader, func()) {
		f := benchFile(b)
		l := &io.LimitedReader{R: f}
		return l, func() { f.Seek(0, io.SeekStart); l.N = copyBenchSize }
	}},
	{"section", func(b testing.TB) (io.Reader, func()) {
		s := io.NewSectionReader(benchFile(b), 0, copyBenchSize)
		return s, func() { s.Seek(0, io.SeekStart) }
	}},
	{"bytes", func(b testing.TB) (io.Reader, func()) {
		r := bytes.NewReader(make([]byte, copyBenchSize))
		return r, func() { r.Seek(0, io.SeekStart) }
	}},
	{"bufio", func(b testing.TB) (io.Reader, func()) {
		r := bytes.NewReader(make([]byte, copyBenchSize))
		br := bufio.NewReader(nil)
		plain := onlyReader{r}
		return br, func() { r.Seek(0, io.SeekStart); br.Reset(&plain) }
	}},
	{"plain", func(b testing.TB) (io.Reader, func()) {
		r := bytes.NewReader(make([]byte, copyBenchSize))
		return onlyReader{r}, func() { r.Seek(0, io.SeekStart) }
	}},
	{"tcp", func(b testing.TB) (io.Reader, func()) {
		c, peer := connPair(b, "tcp")
		beside(b, c, func() { pour(peer) })
		return limited(c)
	}},
	{"tls", func(b testing.TB) (io.Reader, func()) {
		c, peer := tlsPair(b)
		beside(b, c.NetConn(), func() { pour(peer) })
		return limited(c)
	}},
	{"body", func(b testing.TB) (io.Reader, func()) {
		c, peer := connPair(b, "tcp")
		beside(b, c, func() {
			io.WriteString(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\n")
			pour(peer)
		})
		resp := must(http.ReadResponse(bufio.NewReader(c), nil))(b)
		return limited(struct{ io.ReadCloser }{resp.Body})
	}},
}

func still() {}

func benchConn(b testing.TB) net.Conn {
	c, peer := connPair(b, "tcp")
	beside(b, c, func() { swallow(peer) })
	return c
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

var benchSinks = []benchSink{
	{"tcp", func(b testing.TB) (io.Writer, func()) { return benchConn(b), still }},
	{"bufiotcp", func(b testing.TB) (io.Writer, func()) {
		bw := bufio.NewWriter(benchConn(b))
		return bw, func() { bw.Flush() }
	}},
	{"bufioplain", func(b testing.TB) (io.Writer, func()) {
		bw := bufio.NewWriter(onlyWriter{io.Discard})
		return bw, func() { bw.Flush() }
	}},
	{"file", benchFileSink(0)},
	{"append", benchFileSink(os.O_APPEND)},
	{"plain", func(b testing.TB) (io.Writer, func()) { return onlyWriter{io.Discard}, still }},
	{"http", benchHTTPSink(true)},
	{"chunked", benchHTTPSink(false)},
	{"discard", func(b testing.TB) (io.Writer, func()) { return io.Discard, still }},
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
					r, rewindSource := src.open(b)
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

// BenchmarkCopyRatio alternates the two on the same ends, a few copies at a time, so
// that whatever else the machine does hits both. ratio is io.Copy's time divided by
// ours: 1 is as fast, more is faster. Ratios are of the median slices.
func BenchmarkCopyRatio(b *testing.B) {
	const slice = 4
	for _, src := range benchSources {
		for _, dst := range benchSinks {
			b.Run("src="+src.name+",dst="+dst.name, func(b *testing.B) {
				copyServers(b)
				r, rewindSource := src.open(b)
				w, rewindSink := dst.open(b)
				var took [2][]time.Duration
				for i := 0; b.Loop(); i++ {
					for j := range copyImpls {
						k := (i + j) % 2
						start := time.Now()
						for range slice {
							rewindSource()
							rewindSink()
							if n, err := copyImpls[k].do(w, r); n != copyBenchSize || err != nil {
								b.Fatal(n, err)
							}
						}
						took[k] = append(took[k], time.Since(start))
					}
				}
				ours, theirs := median(took[1]), median(took[0])
				b.ReportMetric(float64(theirs)/float64(ours), "ratio")
				b.ReportMetric(float64(ours.Microseconds())/slice, "µs/copy")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
