package s3test

import (
	"fmt"
	"io"
	"net/http"
)

// The faults of this file are of stores that lie about lengths. They do nothing to
// the bodies of answers to HEAD, which are empty.

// ContentLength gives an answer another Content-Length, whatever its body has. As on
// a connection, a body that is shorter ends in [io.ErrUnexpectedEOF], and of one that
// is longer comes what was announced.
func ContentLength(n int64) Fault {
	return after(fmt.Sprintf("Content-Length: %d", n), func(resp *http.Response) {
		setLength(resp, n)
		if resp.Body != http.NoBody {
			resp.Body = &announcedBody{resp.Body, n}
		}
	})
}

// NoContentLength leaves the length of the body open, as chunked encoding does.
func NoContentLength() Fault {
	return after("no Content-Length", func(resp *http.Response) {
		resp.ContentLength = -1
		resp.Header.Del("Content-Length")
	})
}

// Truncate ends the body after n bytes as if there were no more: Content-Length says
// n. It does nothing to a body of n bytes or fewer.
func Truncate(n int64) Fault {
	return after(fmt.Sprintf("end after %d bytes", n), func(resp *http.Response) {
		if resp.Body == http.NoBody || resp.ContentLength >= 0 && resp.ContentLength <= n {
			return
		}
		if resp.ContentLength >= 0 {
			setLength(resp, n)
		}
		resp.Body = &truncatedBody{resp.Body, n}
	})
}

// Lengthen adds n bytes to the end of the body, and to Content-Length.
func Lengthen(n int64) Fault {
	return after(fmt.Sprintf("%d bytes too many", n), func(resp *http.Response) {
		if resp.Body == http.NoBody {
			return
		}
		if resp.ContentLength >= 0 {
			setLength(resp, resp.ContentLength+n)
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(resp.Body, io.LimitReader(zeros{}, n)), resp.Body}
	})
}

// Spin gives no byte and no error for ever after n bytes of the body, which
// [io.Reader] discourages and allows. A [Proxy] breaks the connection there.
func Spin(n int64) Fault {
	return after(fmt.Sprintf("(0, nil) after %d bytes", n), func(resp *http.Response) {
		if resp.Body != http.NoBody {
			resp.Body = &spinningBody{resp.Body, n}
		}
	})
}

type announcedBody struct {
	io.ReadCloser
	left int64
}

func (b *announcedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

type truncatedBody struct {
	io.ReadCloser
	left int64
}

func (b *truncatedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

type spinningBody struct {
	io.ReadCloser
	left int64
}

func (b *spinningBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, nil
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err == io.EOF {
		err = nil
		b.left = 0
	}
	return n, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
