package xio

import (
	"bufio"
	"io"
	"reflect"
	"unsafe"
)

// writePast writes more than bw has room for, in the same pieces as bw.Write: the buffer
// is filled and flushed, what is larger than the buffer goes past it. But bw.Write tries
// for ever where the writer behind it takes nothing and says nothing.
func writePast(bw *bufio.Writer, b []byte) (written int, err error) {
	w := WriterBehind(bw)
	if w == nil {
		return bw.Write(b)
	}
	if _, err := bw.Write(nil); err != nil {
		return 0, err // it has failed already
	}
	for len(b) > bw.Available() {
		var n int
		if bw.Buffered() > 0 {
			n, _ = bw.Write(b[:bw.Available()])
			err = bw.Flush()
		} else if n, err = Write(w, b); err == io.ErrShortWrite && n > 0 {
			err = nil // bufio goes on with the rest
		} else if err != nil {
			Fail(bw, err)
		}
		written += n
		b = b[n:]
		if err != nil {
			return written, err
		}
	}
	n, err := bw.Write(b)
	return written + n, err
}

// Fail makes err the error that bw has met. Bytes that went past its buffer are
// missing, and nothing that is written later may follow them. A bufio.Writer that
// has failed never looks at its writer again, so that nobody misses the old one.
func Fail(bw *bufio.Writer, err error) {
	bw.Reset(failure{err})
	bw.ReadFrom(nil)
}

// A failure is where a bufio.Writer meets an error.
type failure struct{ err error }

func (f failure) Write([]byte) (int, error)         { return 0, f.err }
func (f failure) ReadFrom(io.Reader) (int64, error) { return 0, f.err }

// bufio does not tell what it reads from and writes to. The ways around that are
// to give up the kernel's short cuts behind a bufio.Writer, which is every server's
// response, or to pass bufio's own ReadFrom a reader in disguise, which net turns
// into a handful of allocations for each call. So we look. The place is taken from
// the type itself and only if name and type are as expected; should bufio change,
// nil is returned, the copy goes through a buffer, and a test fails.

// ReaderBehind returns what br reads from, or nil if bufio does not tell.
func ReaderBehind(br *bufio.Reader) io.Reader {
	off := bufioReaderField
	if br == nil || off == 0 {
		return nil
	}
	return *(*io.Reader)(unsafe.Add(unsafe.Pointer(br), off))
}

// WriterBehind returns what bw writes to, or nil if bufio does not tell.
func WriterBehind(bw *bufio.Writer) io.Writer {
	off := bufioWriterField
	if bw == nil || off == 0 {
		return nil
	}
	return *(*io.Writer)(unsafe.Add(unsafe.Pointer(bw), off))
}

var (
	bufioReaderField = fieldOf[bufio.Reader, io.Reader]("rd")
	bufioWriterField = fieldOf[bufio.Writer, io.Writer]("wr")
)

// fieldOf returns the offset of a field of type F in S. It is zero if there is none, and
// neither of the fields we look for comes first.
func fieldOf[S, F any](name string) uintptr {
	f, ok := reflect.TypeFor[S]().FieldByName(name)
	if !ok || f.Type != reflect.TypeFor[F]() {
		return 0
	}
	return f.Offset
}
