package s3pool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
)

// A body is what Put is to send: a section that can be read again and by several at
// once, or a stream.
type body struct {
	at   io.ReaderAt // of a section, which begins at base
	base int64
	r    io.Reader // of a stream
	size int64     // -1 if nobody knows
}

// newBody finds out what can be done with r. declared is ContentLength, or nil.
func newBody(r io.Reader, declared *int64) (body, error) {
	b, err := classify(r)
	if err != nil || declared == nil {
		return b, err
	}
	switch {
	case *declared < 0:
		return b, fmt.Errorf("ContentLength is %d", *declared)
	case b.size >= 0 && b.size != *declared:
		return b, fmt.Errorf("the body has %d bytes, ContentLength says %d", b.size, *declared)
	}
	b.size = *declared
	return b, nil
}

func classify(r io.Reader) (body, error) {
	if r == nil {
		return body{at: nothing{}}, nil
	}
	if v := reflect.ValueOf(r); v.Kind() == reflect.Pointer && v.IsNil() {
		return body{}, fmt.Errorf("the body is a nil %T", r)
	}
	if at, ok := r.(section); ok && rereadable(r) {
		// The position is put back: the body is the caller's.
		base, err := at.Seek(0, io.SeekCurrent)
		if err != nil {
			return body{r: r, size: -1}, nil // a pipe
		}
		end, err := at.Seek(0, io.SeekEnd)
		if err == nil {
			_, err = at.Seek(base, io.SeekStart)
		}
		if err != nil {
			return body{}, fmt.Errorf("the length of the body: %w", err)
		}
		return body{at: at, base: base, size: max(end-base, 0)}, nil
	}
	switch r := r.(type) {
	case *Reader:
		return body{r: r, size: r.left()}, nil
	case interface{ Len() int }:
		return body{r: r.(io.Reader), size: int64(r.Len())}, nil
	}
	return body{r: r, size: -1}, nil
}

type section interface {
	io.ReaderAt
	io.Seeker
}

// rereadable reports whether a section is one: terminals and devices are not, and the
// files of /proc say that they are empty.
func rereadable(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return true
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// nothing is the body of an empty object.
type nothing struct{}

func (nothing) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

// errShortBody and errLongUpload are about a body whose length was declared.
func errShortUpload(got, want int64) error {
	return fmt.Errorf("the body ended after %d of %d bytes: %w", got, want, io.ErrUnexpectedEOF)
}

func errLongUpload(want int64) error {
	return fmt.Errorf("the body goes on behind its %d bytes", want)
}

var errNotAgain = errors.New("Options.Resume needs a body that is an io.ReaderAt and an io.Seeker")
