package content

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// ErrContent is in the error of a body that is not the object it is said to be.
var ErrContent = errors.New("the body is not the object")

// ErrBody is in the error of a body that could not be read to its end.
var ErrBody = errors.New("the body could not be read")

// A body hands out what r has and returns an error instead of io.EOF if that is not the
// object. transfer.Client.Put makes nothing visible then.
type body struct {
	r    io.Reader
	oid  string
	size int64
	hash hash.Hash
	n    int64
	err  error // sticky
}

func newBody(r io.Reader, oid string, size int64) *body {
	return &body{r: r, oid: oid, size: size, hash: sha256.New()}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.n += int64(n)
	b.hash.Write(p[:n])
	switch {
	case b.n > b.size:
		err = fmt.Errorf("%w: it has more than %d bytes", ErrContent, b.size)
	case err == io.EOF:
		err = b.check()
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrBody, err)
	}
	b.err = err
	return n, err
}

// check returns io.EOF if the body was the object.
func (b *body) check() error {
	if b.n < b.size {
		return fmt.Errorf("%w: it has %d bytes instead of %d", ErrContent, b.n, b.size)
	}
	if got := hex.EncodeToString(b.hash.Sum(nil)); got != b.oid {
		return fmt.Errorf("%w: its SHA-256 is %s", ErrContent, got)
	}
	return io.EOF
}
