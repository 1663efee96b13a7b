package transfer

import (
	"bytes"
	"context"
	"io"
	"net/http"

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

// Get downloads an object into memory of the pool. The caller owns it and calls
// Object.Release; on error there is nothing to release.
//
// Small objects are one request. Larger ones than ParallelThreshold are
// fetched by several at a time, all of the same version. Get waits under ctx for
// the pool's budget, once, for the size of the object.
//
// The input's Range and PartNumber are honoured, and its conditions: an answer of
// 304 or 412 is an error, as with the SDK. Errors are *[Error].
func (c *Client) Get(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*DownloadOptions)) (*Object, error) {
	t, first, err := c.begin(ctx, "Get", in, optFns)
	if err != nil {
		return nil, err
	}
	defer first.close()
	var (
		buf *mem.Buffer
		n   int
	)
	if t.known {
		n = int(t.rng.Len())
		if int64(n) != t.rng.Len() {
			return nil, t.fail(0, mem.ErrTooLarge)
		}
		if buf, err = t.set.pool.Acquire(ctx, n); err != nil {
			return nil, t.fail(0, err)
		}
		err = t.fetch(first, buf.Bytes())
	} else {
		buf, n, err = t.fetchUnknown(first)
	}
	o := &Object{Output: t.out, buf: buf, n: n}
	if err == nil {
		first.cursor.Flush()
		if t.sums.inOrder != nil {
			t.sums.inOrder.Write(o.Bytes())
		}
		if o.Verification, err = t.verify(); err != nil {
			err = t.fail(0, err)
		}
	}
	if err != nil {
		if buf != nil {
			buf.Release()
		}
		return nil, err
	}
	t.out.Body = http.NoBody
	return o, nil
}

// fetch fills mem, which is as long as the transfer. When it returns, nobody
// writes to mem any more.
func (t *transfer) fetch(first *stream, mem []byte) error {
	if !t.parallel() {
		if err := first.readFull(mem); err != nil {
			return t.fail(t.partOf(first.off), err)
		}
		t.arrived(0, 1)
		return t.expectEnd(first)
	}
	return t.split(first, func(s *stream) error {
		return s.readFull(mem[s.off-t.rng.From : s.end-t.rng.From])
	})
}

// expectEnd makes sure that a body which should be at its end is: the connection can
// then be used again, and a body that goes on is not what was announced.
func (t *transfer) expectEnd(s *stream) error {
	if s.body == nil {
		return nil
	}
	s.rearm()
	n, err := s.body.Read(make([]byte, 1))
	s.disarm()
	if n > 0 {
		return t.fail(0, xio.ErrLongBody)
	}
	if err == io.EOF {
		s.drop()
	}
	return nil
}

// fetchUnknown reads a body whose length nobody has told. It never waits for the
// budget while it holds some of it. On error the caller has nothing to release but
// the buffer that is returned, if any.
func (t *transfer) fetchUnknown(first *stream) (*mem.Buffer, int, error) {
	buf, err := t.set.pool.Acquire(t.ctx, firstBlock)
	if err != nil {
		return nil, 0, t.fail(0, err)
	}
	n := 0
	for {
		if n == len(buf.Bytes()) {
			next, ok := t.set.pool.TryAcquire(2 * n)
			if !ok {
				return buf, n, t.fail(0, mem.ErrBudget)
			}
			copy(next.Bytes(), buf.Bytes())
			buf.Release()
			buf = next
		}
		m, err := first.Read(buf.Bytes()[n:])
		n += m
		if err == io.EOF {
			t.rng.To = int64(n)
			return buf, n, nil
		}
		if err != nil {
			return buf, n, t.fail(0, err)
		}
	}
}

// firstBlock is the first buffer for a body of unknown length.
const firstBlock = 128 << 10
