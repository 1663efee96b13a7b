package s3test

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

var errChunk = errors.New("s3test: malformed aws-chunked body")

// A chunkReader decodes an aws-chunked body: chunks of a length in hexadecimal,
// extensions such as a signature after a semicolon, CRLF, the data, CRLF; the last
// one empty, and followed by the trailer.
type chunkReader struct {
	r       *bufio.Reader
	left    int64 // of the current chunk
	started bool
	err     error
	trailer http.Header // complete when Read has returned io.EOF
}

func newChunkReader(r io.Reader) *chunkReader {
	return &chunkReader{r: bufio.NewReader(r), trailer: http.Header{}}
}

func (c *chunkReader) Read(p []byte) (int, error) {
	if c.err == nil && c.left == 0 && len(p) > 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	p = p[:min(int64(len(p)), c.left)]
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	c.err = err
	return n, err
}

// next goes to the next chunk. After the last it reads the trailer and returns
// io.EOF.
func (c *chunkReader) next() error {
	if c.started {
		if s, err := c.line(); err != nil || s != "" {
			return cmp.Or(err, errChunk)
		}
	}
	c.started = true
	s, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(s, ";")
	n, err := strconv.ParseUint(size, 16, 62)
	if err != nil {
		return errChunk
	}
	if n > 0 {
		c.left = int64(n)
		return nil
	}
	for {
		s, err := c.line()
		if err == io.ErrUnexpectedEOF && s == "" {
			return io.EOF // some clients leave the empty line out
		}
		if err != nil {
			return err
		}
		if s == "" {
			return io.EOF
		}
		name, value, ok := strings.Cut(s, ":")
		if !ok {
			return errChunk
		}
		c.trailer.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
}

// line returns a line without its end.
func (c *chunkReader) line() (string, error) {
	b, err := c.r.ReadSlice('\n')
	switch {
	case err == io.EOF:
		return string(b), io.ErrUnexpectedEOF
	case err == bufio.ErrBufferFull:
		return "", errChunk
	case err != nil:
		return "", err
	}
	return strings.TrimSuffix(string(b[:len(b)-1]), "\r"), nil
}
