package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/crc"
)

// A Reader is an object as a stream, from [Client.Open]. Its methods may be called
// by one goroutine at a time, except Close, which may be called at any time.
type Reader struct {
	// Output is the SDK's answer to the first request: headers, ETag, metadata. Its
	// Body is empty.
	Output *s3.GetObjectOutput

	t      *transfer
	cancel context.CancelFunc

	// mu is held by Read and WriteTo, and by Close once they have been told to stop.
	mu     sync.Mutex
	pos    int64      // of the next byte, in the object
	direct *stream    // read straight by the caller; nil if the next byte is read ahead
	slot   *slot      // the part read ahead that holds the next byte, or nil
	err    error      // sticky; io.EOF after a whole and verified object
	cursor crc.Cursor // hashes what is delivered

	vouched bool // the bytes have been verified, with result
	result  Verification

	ahead *readAhead // nil for an object of one request
}

var errClosedReader = fmt.Errorf("read from a Reader that has been closed: %w", fs.ErrClosed)

// Open returns an object, or the range of it that was asked for, as a stream. The
// caller must Close it.
//
// A small object is the body of one request. Of a larger one than ParallelThreshold, the
// parts that come next are fetched ahead, each into a part buffer of the pool, in order.
// The first part, and any that nobody has begun when it is due, is read straight from its
// body: the first byte comes as soon as with a plain GetObject, and a Reader goes on, one
// request at a time, where the pool's budget has nothing left for it.
//
// What is read ahead grows with what has been read: the first part is fetched when a
// sixteenth of a part has been read, and for each quarter of a part read after that there
// may be one more, up to Options.Concurrency parts. Of a pool's budget all Readers together hold half at
// most, and give it back as soon as anybody waits for it. A Reader that nobody reads gives
// its connection to whoever waits for one, and closes it after some seconds. In both cases
// it asks for the bytes again when they are due.
//
// Read returns io.EOF when all bytes have been delivered and, where that is
// possible, verified: bytes that do not match the object's checksum end in an error
// that is [ErrIntegrity] instead. ctx ends the stream, too. Errors are *[Error].
//
// A panic in the caller's own Progress or OnEvent surfaces in a call of the Reader.
func (c *Client) Open(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*DownloadOptions)) (*Reader, error) {
	ctx, cancel := context.WithCancel(ctx)
	t, first, err := c.begin(ctx, "Open", in, optFns)
	if err != nil {
		cancel()
		return nil, err
	}
	return newReader(cancel, t, first), nil
}

// newReader returns a reader of t. It owns first and cancel, which ends t.ctx.
func newReader(cancel context.CancelFunc, t *transfer, first *stream) *Reader {
	t.out.Body = http.NoBody
	r := &Reader{Output: t.out, t: t, cancel: cancel, pos: t.rng.From, direct: first}
	r.cursor, first.cursor = first.cursor, crc.Cursor{}
	t.ordered = true
	if t.parallel() {
		r.ahead = newReadAhead(t)
		if p, ok := r.ahead.claims.Forward(); ok {
			first.end = p.To
		}
	}
	first.park()
	return r
}

// Size returns the number of bytes of the stream, or -1 if the server did not say.
func (r *Reader) Size() int64 {
	if !r.t.known {
		return -1
	}
	return r.t.rng.Len()
}

// left returns the number of bytes that have not been read, or -1.
func (r *Reader) left() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.t.known {
		return -1
	}
	return r.t.rng.To - r.pos
}

// Read implements io.Reader. The end of an object whose length is known is delivered when
// all of it has been verified: whoever reads Size bytes and stops has the right ones, or an
// error (TestReadHoldsBackTheEnd).
func (r *Reader) Read(p []byte) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(p) == 0 && r.err == nil {
		return 0, nil
	}
	r.unpark()
	returned := false
	defer func() { r.after(returned) }()
	n, err = r.read(p)
	returned = true
	return n, err
}

// after ends a call of the Reader. One that does not return, since the caller's own code has
// panicked, breaks the Reader: some bytes are neither the caller's nor still to come.
func (r *Reader) after(returned bool) {
	if !returned && r.err == nil {
		r.fail(0, errPanicked)
	}
	r.park()
}

var errPanicked = errors.New("the bytes are lost, since the caller's own code panicked")

// unpark takes the connection back for a Read, and park lets others have it afterwards.
func (r *Reader) unpark() {
	if r.direct != nil {
		r.direct.unpark()
	}
}

func (r *Reader) park() {
	if r.direct != nil {
		r.direct.park()
	}
}

func (r *Reader) read(p []byte) (n int, err error) {
	for n == 0 {
		if err := r.advance(); err != nil {
			return 0, err
		}
		if r.slot != nil {
			n = r.ahead.read(r.slot, p)
			if n == 0 { // it has been revoked
				r.slot = nil
				continue
			}
		} else if n, err = r.readDirect(p); err != nil {
			return 0, err // the bytes before the error have been waited for in vain
		}
		if err := r.deliver(p[:n]); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// deliver hashes the next bytes, before the caller has them, and verifies if they are the
// last.
func (r *Reader) deliver(p []byte) error {
	r.hash(p)
	r.consume(len(p))
	if r.t.known && r.pos >= r.t.rng.To {
		if err := r.advance(); err != io.EOF {
			return err
		}
	}
	return nil
}

// hash hashes the next bytes, unless that has been done when they arrived.
func (r *Reader) hash(p []byte) {
	if r.slot == nil || !r.ahead.hashes {
		r.cursor.Write(p)
	}
	if r.t.sums.inOrder != nil {
		r.t.sums.inOrder.Write(p)
	}
}

// consume notes that the next n bytes are the caller's.
func (r *Reader) consume(n int) {
	r.pos += int64(n)
	r.t.arrived(int64(n), 0)
	if r.ahead == nil {
		return
	}
	done := r.ahead.advance(r.slot, r.pos)
	if done {
		r.slot = nil
		r.t.arrived(0, 1)
	}
	if done || r.pos >= r.ahead.wake {
		r.ahead.more(r.underway())
	}
}

// underway returns the number of requests that the Reader itself has under way.
func (r *Reader) underway() int {
	if r.direct != nil && r.direct.off < r.direct.end {
		return 1
	}
	return 0
}

// advance makes sure that there is a byte to be read, in direct or in slot. It
// returns io.EOF behind the last.
func (r *Reader) advance() error {
	for r.err == nil {
		switch {
		case r.direct != nil && (r.direct.off < r.direct.end || r.extend()):
			return nil
		case r.direct != nil:
			r.direct.close()
			r.direct = nil
			r.t.arrived(0, 1)
			if r.ahead != nil {
				r.ahead.more(0)
			}
		case r.slot != nil:
			return nil
		case r.pos >= r.t.rng.To:
			r.finish()
		default:
			r.nextPart()
		}
	}
	if r.err == errClosedReader {
		return wrapError(context.Background(), Error{of: r.t, Op: r.t.op, Bucket: aws.ToString(r.t.in.Bucket), Key: aws.ToString(r.t.in.Key), Err: r.err})
	}
	return r.err
}

// extend lets the stream under way go on into the next part, if nobody has it.
func (r *Reader) extend() bool {
	if r.ahead == nil || r.direct.body == nil || r.direct.bodyEnd <= r.direct.off {
		return false
	}
	p, ok := r.ahead.take(r.pos)
	if ok {
		r.t.arrived(0, 1)
		r.direct.end = p.To
		r.ahead.more(1)
	}
	return ok
}

// nextPart finds the part at pos: one that is read ahead, or if nobody has begun it, our own.
func (r *Reader) nextPart() {
	if p, ok := r.ahead.take(r.pos); ok {
		r.direct = r.t.stream(r.t.ctx, p)
		return
	}
	s, number, err := r.ahead.wait()
	if err != nil {
		r.fail(number, err)
		return
	}
	r.slot = s
	if s != nil && r.ahead.hashes {
		r.cursor.Flush()
		s.sum.Flush()
		r.cursor = r.t.sums.cursor(s.r.To)
	}
}

// readDirect reads from the stream that the caller has to itself. It may return
// nothing, where the stream ends.
func (r *Reader) readDirect(p []byte) (int, error) {
	n, err := r.direct.Read(p)
	switch {
	case err == io.EOF:
		if !r.t.known {
			r.t.rng.To = r.pos + int64(n)
		}
	case err != nil:
		r.fail(r.t.partOf(r.pos), err)
		return 0, r.err
	}
	return n, nil
}

// finish verifies, behind the last byte.
func (r *Reader) finish() {
	if r.vouch() {
		r.err = io.EOF
		r.stop()
	}
}

// vouch verifies, once all bytes have been received, and fails the reader if they are
// wrong.
func (r *Reader) vouch() bool {
	if !r.vouched {
		r.cursor.Flush()
		v, err := r.t.verify(nil)
		if err != nil {
			r.fail(0, err)
			return false
		}
		r.vouched, r.result = true, v
	}
	return true
}

func (r *Reader) fail(part int, err error) {
	r.err = r.t.fail(part, err)
	r.stop()
}

// stop ends the requests and the helpers, and gives back what they hold. r.mu is
// held.
func (r *Reader) stop() {
	r.cancel()
	if r.direct != nil {
		r.direct.close()
		r.direct = nil
	}
	r.slot = nil
	if r.ahead != nil {
		r.ahead.stop()
	}
}

// Close ends the stream. Requests under way are cancelled, and a Read in progress
// returns; when Close returns, no goroutine is left and no memory held. It may be
// called more than once and returns nil.
func (r *Reader) Close() error {
	r.cancel() // lets go a Read that holds the lock
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || r.err == io.EOF {
		open := r.err == nil
		r.err = errClosedReader
		r.unpark()
		if open {
			r.stop()
		}
	}
	return nil
}
