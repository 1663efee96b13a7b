package transfer

import (
	"bytes"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/xio"
)

// An Object is what [Client.Get] returns: an object, or the range of it that was
// asked for, in pooled memory.
type Object struct {
	// Output is the SDK's answer to the first request: headers, ETag, metadata. Its
	// Body is empty.
	Output *s3.GetObjectOutput
	// Verification says what the bytes were checked against.
	Verification Verification

	buf *mem.Buffer
	n   int
}

// Bytes returns the object. The slice is valid until Release, after which Bytes
// panics.
func (o *Object) Bytes() []byte { return o.buf.Bytes()[:o.n] }

// Len returns the number of bytes of the object.
func (o *Object) Len() int { return o.n }

// Reader returns a reader of the object. It is valid until Release.
func (o *Object) Reader() *bytes.Reader { return bytes.NewReader(o.Bytes()) }

// WriteTo implements io.WriterTo, with one Write of the whole object.
func (o *Object) WriteTo(w io.Writer) (int64, error) {
	n, err := xio.Write(w, o.Bytes())
	return int64(n), err
}

// Release gives the memory back to the pool. The caller must not use the bytes any
// more. A second Release panics.
func (o *Object) Release() { o.buf.Release() }
