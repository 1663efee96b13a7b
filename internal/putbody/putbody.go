package putbody

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"

	"github.com/s3pool/s3pool/internal/xio"
)

// A Body is what Put is to send: a section that can be read again and by several at
// once, or a stream.
type Body struct {
	At   io.ReaderAt // of a section, which begins at base
	Base int64
	R    io.Reader // of a stream
	Size int64     // -1 if nobody knows
}

// New finds out what can be done with r. declared is ContentLength, or nil.
func New(r io.Reader, declared *int64) (Body, error) {
	b, err := classify(r)
	if err != nil || declared == nil || *declared == -1 { // -1 is net/http's word for unknown
		return b, err
	}
	switch {
	case *declared < 0:
		return b, fmt.Errorf("ContentLength is %d", *declared)
	case b.Size >= 0 && b.Size != *declared:
		return b, fmt.Errorf("the body has %d bytes, ContentLength says %d", b.Size, *declared)
	}
	b.Size = *declared
	return b, nil
}

// classify asks r only for what is its own: the bytes of a type that embeds a file or a
// buffer and has a Read are those that its Read returns, however many that are.
func classify(r io.Reader) (Body, error) {
	if r == nil {
		return Body{At: nothing{}}, nil
	}
	if v := reflect.ValueOf(r); v.Kind() == reflect.Pointer && v.IsNil() {
		return Body{}, fmt.Errorf("the body is a nil %T", r)
	}
	if at, ok := r.(section); ok && rereadable(r) && !xio.Misleads(r, xio.ReadAt) && !xio.Misleads(r, xio.Seek) {
		// The position is put back: the body is the caller's.
		base, err := at.Seek(0, io.SeekCurrent)
		if err != nil {
			return Body{R: r, Size: -1}, nil // a pipe
		}
		end, err := at.Seek(0, io.SeekEnd)
		if err == nil {
			_, err = at.Seek(base, io.SeekStart)
		}
		if err != nil {
			return Body{}, fmt.Errorf("the length of the body: %w", err)
		}
		return Body{At: at, Base: base, Size: max(end-base, 0)}, nil
	}
	if l, ok := r.(interface{ Len() int }); ok && !xio.Misleads(r, xio.Len) {
		return Body{R: r, Size: int64(l.Len())}, nil
	}
	return Body{R: r, Size: -1}, nil
}

type section interface {
	io.ReaderAt
	io.Seeker
}

// rereadable reports whether a section is one: terminals and devices are not, and the
// files of /proc say that they are empty. It asks whatever can tell, as types that embed
// an *os.File can.
func rereadable(r io.Reader) bool {
	f, ok := r.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return true
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// nothing is the body of an empty object.
type nothing struct{}

func (nothing) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

// ErrShort and ErrLong are about a body whose length was declared.
func ErrShort(got, want int64) error {
	return fmt.Errorf("the body ended after %d of %d bytes: %w", got, want, io.ErrUnexpectedEOF)
}

func ErrLong(want int64) error {
	return fmt.Errorf("the body goes on behind its %d bytes", want)
}

var ErrNotAgain = errors.New("Options.Resume needs a body that is an io.ReaderAt and an io.Seeker")
