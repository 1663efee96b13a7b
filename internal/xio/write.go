package xio

import (
	"bufio"
	"errors"
	"io"
)

// errInvalidWrite has the text of io's own, which is not exported.
var errInvalidWrite = errors.New("invalid write result")

// Write writes b, and turns what a Writer must not return into what io.Copy makes
// of it. What lies behind b in memory is out of the Writer's reach.
func Write(dst io.Writer, b []byte) (int, error) {
	if bw, ok := dst.(*bufio.Writer); ok && len(b) > bw.Available() {
		return writePast(bw, b)
	}
	n, err := dst.Write(b[:len(b):len(b)])
	if n < 0 || n > len(b) {
		n = 0
		if err == nil {
			err = errInvalidWrite
		}
	}
	if n < len(b) && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}
