package zerocopy_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

// Here stands what a caller's own types and sockets see of a copy beside its result: how
// much room a Read has, in what pieces Writes come, and which of their methods are asked.

// datagramPair returns the ends of a connection of datagrams. What b sends a receives.
func datagramPair(t testing.TB, network string) (a, b net.Conn) {
	if network == "unixgram" {
		dir := must(os.MkdirTemp("", "s"))(t)
		t.Cleanup(func() { os.RemoveAll(dir) })
		addr := func(name string) *net.UnixAddr { return &net.UnixAddr{Name: filepath.Join(dir, name), Net: network} }
		a = must(net.ListenUnixgram(network, addr("a")))(t)
		b = must(net.DialUnix(network, addr("b"), addr("a")))(t)
	} else {
		l := must(net.ListenUDP(network, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))(t)
		require.NoError(t, l.SetReadBuffer(1<<20))
		a, b = l, must(net.Dial(network, l.LocalAddr().String()))(t)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// A recorder notes the lengths of what is written to it. After enough bytes it calls done.
type recorder struct {
	pieces []int
	got    []byte
	enough int
	done   func()
}

func (r *recorder) Write(b []byte) (int, error) {
	r.pieces = append(r.pieces, len(b))
	r.got = append(r.got, b...)
	if r.done != nil && len(r.got) >= r.enough {
		r.done()
	}
	return len(b), nil
}

// Datagrams of up to io.Copy's room come over whole, one for one.
func TestCopyDatagrams(t *testing.T) {
	sizes := []int{20_000, 1, 16<<10 + 1, 32 << 10, 1448, 40_000} // io.Copy cuts the last
	want := []int{20_000, 1, 16<<10 + 1, 32 << 10, 1448, 32 << 10}
	total := 0
	for _, n := range want {
		total += n
	}
	for _, network := range []string{"unixgram", "udp"} {
		for _, limit := range []bool{false, true} {
			for _, buffered := range []bool{false, true} {
				t.Run(fmt.Sprint(network, " limit=", limit, " buffered=", buffered), func(t *testing.T) {
					for _, do := range []copyFunc{io.Copy, pooledCopy} {
						a, b := datagramPair(t, network)
						for _, n := range sizes {
							must(b.Write(randomBytes(n)))(t)
						}
						var src io.Reader = a
						if limit {
							src = &io.LimitedReader{R: a, N: 1 << 40}
						}
						if buffered {
							src = bufio.NewReaderSize(src, 32<<10)
						}
						r := &recorder{enough: total, done: func() { a.Close() }}
						n, err := do(onlyWriter{r}, src)
						require.ErrorIs(t, err, net.ErrClosed)
						require.EqualValues(t, total, n)
						require.Equal(t, want, r.pieces)
					}
				})
			}
		}
	}
}

// To a socket of datagrams each piece leaves as one.
func TestCopyToDatagrams(t *testing.T) {
	for _, name := range []string{"plain", "file", "limited(file)", "section(file)", "bytes", "bufio(plain)", "bufio(file)", "limited(plain)"} {
		src := copySources[indexOfSource(name)]
		t.Run(name, func(t *testing.T) {
			run := func(do copyFunc) (sizes []int) {
				a, b := datagramPair(t, "unixgram")
				r, _ := src.open(t, randomBytes(70_000))
				var wg sync.WaitGroup
				wg.Go(func() {
					buf := make([]byte, 128<<10)
					for total := 0; total < 70_000; {
						n, err := a.Read(buf)
						if err != nil {
							return
						}
						sizes = append(sizes, n)
						total += n
					}
				})
				n, err := do(b, r)
				require.NoError(t, err)
				require.EqualValues(t, 70_000, n)
				wg.Wait()
				return sizes
			}
			require.Equal(t, run(io.Copy), run(pooledCopy))
		})
	}
}

// A prying end looks behind the slices that it is given, and scribbles there.
type prying struct {
	r      io.Reader
	w      io.Writer
	behind int
}

func (p *prying) look(b []byte) {
	p.behind = max(p.behind, cap(b)-len(b))
	rest := b[len(b):cap(b)]
	for i := range rest {
		rest[i] = '!'
	}
}

func (p *prying) Read(b []byte) (int, error)  { p.look(b); return p.r.Read(b) }
func (p *prying) Write(b []byte) (int, error) { p.look(b); return p.w.Write(b) }

func TestCopyShowsNothingBehindASlice(t *testing.T) {
	data := randomBytes(100_000)
	for _, dst := range copySinks {
		for _, n := range []int{300, 20_000, 100_000} {
			p := &prying{r: bytes.NewReader(data[:n])}
			w, got := dst.open(t, n)
			_, err := pooledCopy(w, onlyReader{p})
			require.NoError(t, err)
			got()
			if dst.name != "buffer" { // its own memory
				require.Zero(t, p.behind, "a Read, to %s", dst.name)
			}
		}
	}
	for _, src := range copySources {
		if strings.HasPrefix(src.name, "bytes") || strings.HasPrefix(src.name, "bufio") {
			continue // show their own memory
		}
		var b bytes.Buffer
		p := &prying{w: &b}
		r, _ := src.open(t, data)
		_, err := pooledCopy(onlyWriter{p}, r)
		require.NoError(t, err)
		require.Zero(t, p.behind, "a Write, from %s", src.name)
		require.True(t, bytes.Equal(data, b.Bytes()))
	}
}

// A bufio.Writer that has failed says so before anything is read.
func TestCopyToFailedBufioWriter(t *testing.T) {
	boom := errors.New("boom")
	fail := &faultyWriter{wrong: func([]byte) (int, error) { return 0, boom }}
	behind := map[string]func(testing.TB) io.Writer{
		"plain": func(testing.TB) io.Writer { return onlyWriter{fail} },
		"tcp":   func(t testing.TB) io.Writer { a, _ := connPair(t, "tcp"); a.Close(); return a },
		"unix":  func(t testing.TB) io.Writer { a, _ := connPair(t, "unix"); a.Close(); return a },
		"file":  func(t testing.TB) io.Writer { f := tempFile(t, nil, 0); f.Close(); return f },
	}
	for name, open := range behind {
		for _, held := range []int{1, 100, 4096} {
			for _, src := range copySources {
				for _, size := range []int{0, 10_000} {
					t.Run(fmt.Sprint(src.name, " to ", name, " holding ", held, ", ", size, " bytes"), func(t *testing.T) {
						run := func(do copyFunc) (c copied) {
							bw := bufio.NewWriter(open(t))
							bw.Write(make([]byte, held))
							failed := bw.Flush()
							require.Error(t, failed)
							r, state := src.open(t, randomBytes(size))
							c.n, c.err = do(bw, r)
							c.state = fmt.Sprint(state(), bw.Buffered())
							return c
						}
						run(pooledCopy).compare(t, run(io.Copy), size)
					})
				}
			}
		}
	}
}

// Behind a bufio.Writer the writes are io.Copy's.
func TestCopyWritesBehindBufio(t *testing.T) {
	sources := slices.Clone(copySources)
	sources = append(sources, copySource{"packets", func(t testing.TB, data []byte) (io.Reader, func() string) {
		return packets{bytes.NewReader(data)}, stateless
	}}, copySource{"bufio(packets)", func(t testing.TB, data []byte) (io.Reader, func() string) {
		r := bufio.NewReader(packets{bytes.NewReader(data)})
		r.Peek(10)
		return r, stateless
	}})
	for _, src := range sources {
		if strings.Contains(src.name, "tcp") || strings.Contains(src.name, "unix") || src.name == "tls" || src.name == "body" {
			continue // bytes arrive as they like
		}
		for _, room := range []int{16, 4096, 64 << 10} {
			for _, held := range []int{0, 1, room - 1, room} {
				t.Run(fmt.Sprint(src.name, " room=", room, " held=", held), func(t *testing.T) {
					for _, size := range []int{0, 1, 300, room, 1<<20 + 7} {
						run := func(do copyFunc) (c copied) {
							rec := new(recorder)
							bw := bufio.NewWriterSize(onlyWriter{rec}, room)
							bw.Write(make([]byte, held))
							r, state := src.open(t, randomBytes(size))
							c.n, c.err = do(bw, r)
							c.state = fmt.Sprint(state(), bw.Buffered(), rec.pieces)
							require.NoError(t, bw.Flush())
							c.got = rec.got
							return c
						}
						run(pooledCopy).compare(t, run(io.Copy), size)
					}
				})
			}
		}
	}
}

// Upper ends embed what has more methods than Read or Write, and put all letters they pass
// on in capitals.
type (
	upperFile   struct{ *os.File }
	upperTCP    struct{ *net.TCPConn }
	upperUnix   struct{ *net.UnixConn }
	upperBytes  struct{ *bytes.Reader }
	upperBufio  struct{ *bufio.Reader }
	upperBuffer struct{ *bytes.Buffer }
	upperWriter struct{ *bufio.Writer }
	upperDeep   struct{ *upperFile }
	upperHTTP   struct{ forwarded }
	forwarded   struct {
		http.ResponseWriter
		io.ReaderFrom
	}
)

func upperRead(r io.Reader, b []byte) (int, error) {
	n, err := r.Read(b)
	copy(b, bytes.ToUpper(b[:n]))
	return n, err
}
func upperWrite(w io.Writer, b []byte) (int, error) { return w.Write(bytes.ToUpper(b)) }

func (u *upperFile) Read(b []byte) (int, error)   { return upperRead(u.File, b) }
func (u *upperFile) Write(b []byte) (int, error)  { return upperWrite(u.File, b) }
func (u upperTCP) Read(b []byte) (int, error)     { return upperRead(u.TCPConn, b) }
func (u upperTCP) Write(b []byte) (int, error)    { return upperWrite(u.TCPConn, b) }
func (u upperUnix) Read(b []byte) (int, error)    { return upperRead(u.UnixConn, b) }
func (u upperUnix) Write(b []byte) (int, error)   { return upperWrite(u.UnixConn, b) }
func (u upperBytes) Read(b []byte) (int, error)   { return upperRead(u.Reader, b) }
func (u upperBufio) Read(b []byte) (int, error)   { return upperRead(u.Reader, b) }
func (u upperBuffer) Write(b []byte) (int, error) { return upperWrite(u.Buffer, b) }
func (u upperWriter) Write(b []byte) (int, error) { return upperWrite(u.Writer, b) }
func (u upperHTTP) Write(b []byte) (int, error)   { return upperWrite(u.forwarded, b) }

// A type's own Read is what it is read through, whatever it embeds, and however deep.
func TestCopyReadsThroughOwnRead(t *testing.T) {
	data := bytes.Repeat([]byte("lower case "), 20_000)
	want := bytes.ToUpper(data)
	ends := map[string]func(testing.TB) io.Reader{
		"file":        func(t testing.TB) io.Reader { return &upperFile{tempFile(t, data, 0)} },
		"deep":        func(t testing.TB) io.Reader { return upperDeep{&upperFile{tempFile(t, data, 0)}} },
		"tcp":         func(t testing.TB) io.Reader { return upperTCP{feed(t, "tcp", data).(*net.TCPConn)} },
		"unix":        func(t testing.TB) io.Reader { return upperUnix{feed(t, "unix", data).(*net.UnixConn)} },
		"bytes":       func(t testing.TB) io.Reader { return upperBytes{bytes.NewReader(data)} },
		"bufio":       func(t testing.TB) io.Reader { return upperBufio{bufio.NewReader(tempFile(t, data, 0))} },
		"bufio bytes": func(t testing.TB) io.Reader { return &upperBufio{bufio.NewReader(bytes.NewReader(data))} },
	}
	sinks := append(slices.Clone(copySinks), copySink{"a type around tcp", func(t testing.TB, n int) (io.Writer, func() []byte) {
		w, got := collect(t, "tcp", n)
		return struct{ *net.TCPConn }{w.(*net.TCPConn)}, got
	}}, copySink{"a type around a file", func(t testing.TB, n int) (io.Writer, func() []byte) {
		w, got := fileSink(0)(t, n)
		return struct{ *os.File }{w.(*os.File)}, got
	}})
	for name, open := range ends {
		for _, dst := range sinks {
			for _, by := range []string{"", "limit", "bufio"} {
				t.Run(name+" "+by+" to "+dst.name, func(t *testing.T) {
					src := open(t)
					switch by {
					case "limit":
						src = &io.LimitedReader{R: src, N: 1 << 40}
					case "bufio":
						src = bufio.NewReader(src)
						src.(*bufio.Reader).Peek(10)
					}
					if by == "limit" && strings.HasPrefix(dst.name, "a type around") {
						return // net's and os's own methods look behind a limit, as with io.Copy
					}
					w, got := dst.open(t, len(data))
					n, err := pooledCopy(w, src)
					require.NoError(t, err)
					require.EqualValues(t, len(data), n)
					if arrived := got(); arrived != nil {
						require.True(t, bytes.Contains(arrived, want), "lower case has arrived")
					}
				})
			}
		}
	}
}

// And its own Write is what it is written through.
func TestCopyWritesThroughOwnWrite(t *testing.T) {
	copyServers(t)
	data := bytes.Repeat([]byte("lower case "), 20_000)
	want := bytes.ToUpper(data)
	type end struct {
		name string
		open func(testing.TB) (io.Writer, func() []byte)
	}
	ends := []end{
		{"file", func(t testing.TB) (io.Writer, func() []byte) {
			w, got := fileSink(0)(t, len(data))
			return &upperFile{w.(*os.File)}, got
		}},
		{"tcp", func(t testing.TB) (io.Writer, func() []byte) {
			w, got := collect(t, "tcp", len(data))
			return upperTCP{w.(*net.TCPConn)}, got
		}},
		{"unix", func(t testing.TB) (io.Writer, func() []byte) {
			w, got := collect(t, "unix", len(data))
			return &upperUnix{w.(*net.UnixConn)}, got
		}},
		{"buffer", func(t testing.TB) (io.Writer, func() []byte) {
			b := new(bytes.Buffer)
			return upperBuffer{b}, b.Bytes
		}},
		{"bufio", func(t testing.TB) (io.Writer, func() []byte) {
			b := new(bytes.Buffer)
			bw := bufio.NewWriter(b)
			return upperWriter{bw}, func() []byte { bw.Flush(); return b.Bytes() }
		}},
		{"http", func(t testing.TB) (io.Writer, func() []byte) {
			w, got := copyServers(t).respond(t, false, true, len(data))
			return upperHTTP{forwarded{w, w.(io.ReaderFrom)}}, got
		}},
	}
	for _, dst := range ends {
		for _, src := range copySources {
			if src.name == "bytes" || src.name == "bufio(bytes)" {
				continue // one Write of all
			}
			for _, buffered := range []bool{false, true} {
				t.Run(fmt.Sprint(src.name, " to ", dst.name, " buffered=", buffered), func(t *testing.T) {
					w, got := dst.open(t)
					var bw *bufio.Writer
					if buffered {
						bw = bufio.NewWriter(w)
						w = bw
					}
					r, _ := src.open(t, data)
					n, err := pooledCopy(w, r)
					require.NoError(t, err)
					require.EqualValues(t, len(data), n)
					if bw != nil {
						require.NoError(t, bw.Flush())
					}
					require.True(t, bytes.Contains(got(), want), "lower case has arrived")
				})
			}
		}
	}
}

// A response in a wrapper is used as io.Copy uses it: its ReadFrom, with the source itself.
func TestCopyAsksAWrappedResponse(t *testing.T) {
	f := tempFile(t, []byte("abc"), 0)
	var asked io.Reader
	w := forwarded{nil, readerFromFunc(func(r io.Reader) (int64, error) { asked = r; return 3, nil })}
	n, err := pooledCopy(w, f)
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.Same(t, f, asked)
}

type readerFromFunc func(io.Reader) (int64, error)

func (f readerFromFunc) ReadFrom(r io.Reader) (int64, error) { return f(r) }

// stuck returns nothing, and no error.
type stuck struct{ reads int }

func (s *stuck) Read([]byte) (int, error) { s.reads++; return 0, nil }

func TestCopyFromStuckReader(t *testing.T) {
	for _, dst := range copySinks {
		if dst.name == "discard" || dst.name == "buffer" {
			continue // the ReadFrom of these would try for ever, as with io.Copy
		}
		t.Run(dst.name, func(t *testing.T) {
			for _, head := range []string{"", "some bytes"} {
				s := new(stuck)
				w, got := dst.open(t, len(head))
				n, err := pooledCopy(w, onlyReader{io.MultiReader(strings.NewReader(head), s)})
				require.ErrorIs(t, err, io.ErrNoProgress)
				require.EqualValues(t, len(head), n)
				require.Equal(t, 100, s.reads)
				if bw, ok := w.(*bufio.Writer); ok {
					bw.Reset(io.Discard)
				}
				got()
			}
		})
	}
}

// A Read that counts what it was not given is the same panic as in io.Copy.
func TestCopyReadCountsTooMuch(t *testing.T) {
	run := func(do copyFunc) (said any) {
		defer func() { said = fmt.Sprint(recover()) }()
		do(onlyWriter{io.Discard}, readerFunc(func(b []byte) (int, error) { return len(b) + 1, nil }))
		return nil
	}
	require.Equal(t, run(io.Copy), run(pooledCopy))
	require.Zero(t, blocks.Stats().Scratch.Leased)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Devices that cannot be spliced into lose nothing of what has left the connection.
func TestCopyToDevices(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for name, want := range map[string]string{"/dev/null": "", "/dev/full": "no space left on device"} {
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err != nil {
				continue // another system
			}
			_, err = pooledCopy(f, feed(t, network, randomBytes(100_000)))
			f.Close()
			if want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, want)
			}
		}
	}
}

// A packets reader returns as much as a packet carries.
type packets struct{ r io.Reader }

func (p packets) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), 1448)]) }
