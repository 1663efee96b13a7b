package xio

import (
	"context"
	"errors"
	"io"
)

// ErrLongBody is the error of a body that goes on where it should have ended.
var ErrLongBody = errors.New("s3pool: the body is longer than its Content-Length")

// ErrBadCount is the error of a Read or ReadAt that says to have read what it cannot have.
var ErrBadCount = errors.New("the body's Read returned an impossible count")

// MaxEmptyReads is how many times in a row a Read may return nothing and no error. Then
// the reader is taken to be stuck, with io.ErrNoProgress. It is bufio's number.
const MaxEmptyReads = 100

// ReadUntil fills p. It returns io.EOF if r ended, even exactly at the end of p, and
// io.ErrNoProgress if r keeps returning neither bytes nor an error.
func ReadUntil(r io.Reader, p []byte) (n int, err error) {
	return ReadForeign(context.Background(), r, p)
}

// ReadBody fills p from a body of that length and makes sure that the body ends there.
// A body that ends early with io.EOF is no error here: net/http reports a broken one as
// io.ErrUnexpectedEOF.
func ReadBody(r io.Reader, p []byte) (int, error) {
	n, err := ReadUntil(r, p)
	if err == nil { // p is full; the end has not been seen
		var more int
		more, err = ReadUntil(r, make([]byte, 1))
		if more > 0 {
			return n, ErrLongBody
		}
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadForeign fills p from a Reader that a caller wrote, or reads as much as there is.
// It checks what Read returns, and begins no Read when ctx has ended. What lies behind p
// in memory is out of the Reader's reach.
func ReadForeign(ctx context.Context, r io.Reader, p []byte) (n int, err error) {
	empty := 0
	for n < len(p) && err == nil {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var m int
		m, err = r.Read(p[n:len(p):len(p)])
		if m < 0 || m > len(p)-n {
			return n, ErrBadCount
		}
		n += m
		if m > 0 {
			empty = 0
		} else if empty++; empty == MaxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// CopyThrough copies r to w, and fills buf for each write.
func CopyThrough(w io.Writer, r io.Reader, buf []byte) (written int64, err error) {
	for {
		n, rerr := ReadUntil(r, buf)
		if n > 0 {
			m, werr := Write(w, buf[:n])
			written += int64(m)
			if werr != nil {
				return written, werr
			}
		}
		if rerr == io.EOF {
			return written, nil
		}
		if rerr != nil {
			return written, rerr
		}
	}
}
