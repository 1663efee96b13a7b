package transfer

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/xio"
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
	pos    int64   // of the next byte, in the object
	direct *stream // read straight by the caller; nil if the next byte is a helper's
	slot   *slot   // the helper's part that holds the next byte, or nil
	err    error   // sticky; io.EOF after a whole and verified object

	vouched bool // the bytes have been verified, with result
	result  Verification

	// ahead is what helpers fetch.
	ahead *readAhead // nil for an object of one request
}

var errClosedReader = fmt.Errorf("read from a Reader that has been closed: %w", fs.ErrClosed)

// Open returns an object, or the range of it that was asked for, as a stream. The
// caller must Close it.
//
// A small object is the body of one request. Of a larger one than
// ParallelThreshold, goroutines fetch, from the first Read or WriteTo on, the parts that come next, in order,
// each into a part buffer of the pool; the first part, and any that nobody has begun
// when it is due, is read straight from its body. So the first byte comes as soon as
// with a plain GetObject, and a Reader goes on, one request at a time, where the
// pool's budget has nothing left for it. A slow caller holds at most
// Options.Concurrency part buffers, and all Readers of a pool together at most half of
// its budget: the other half is for those who give back by themselves.
//
// Read returns io.EOF when all bytes have been delivered and, where that is
// possible, verified: bytes that do not match the object's checksum end in an error
// that is [ErrIntegrity] instead. ctx ends the stream, too. Errors are *[Error].
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
	if t.parallel() {
		r.ahead = newReadAhead(t)
		if p, ok := r.ahead.claims.Forward(); ok { // before any helper
			first.end = p.To
		}
	}
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

// Verify reads what is left of the stream, drops it, and returns what the bytes were
// checked against. It is for whoever stops before Read has returned io.EOF, as a decoder
// does behind the last byte that it understands: without an error, all bytes that Read has
// delivered are right, or the Verification says why nobody can tell.
func (r *Reader) Verify() (Verification, error) {
	if _, err := r.WriteTo(io.Discard); err != nil {
		return Verification{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result, nil
}

// Read implements io.Reader. The end of an object whose length is known is delivered when
// all of it has been verified: whoever reads Size bytes and stops has the right ones, or an
// error.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(p) == 0 && r.err == nil {
		return 0, nil
	}
	for {
		if err := r.advance(); err != nil {
			return 0, err
		}
		if r.slot != nil {
			rest := r.slot.rest(r.pos)
			if r.slot.r.To >= r.t.rng.To && len(p) >= len(rest) && !r.vouch() {
				return 0, r.err
			}
			n := copy(p, rest)
			r.consumed(n)
			return n, nil
		}
		n, err := r.readDirect(p)
		if n > 0 && err == nil && r.t.known && r.pos >= r.t.rng.To {
			if err := r.advance(); err != io.EOF {
				return 0, err
			}
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// WriteTo implements io.WriterTo. A helper's part goes to w from where it is. The last
// piece of an object whose length is known is written when all of it has been verified,
// so that w never has the whole of a wrong one.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	scratch := r.t.set.pool.Borrow()
	defer r.t.set.pool.GiveBack(scratch)
	for {
		if err := r.advance(); err != nil {
			if err == io.EOF {
				err = nil
			}
			return written, err
		}
		piece := scratch.Bytes()
		if r.slot != nil {
			piece = r.slot.rest(r.pos)
			if r.slot.r.To >= r.t.rng.To && !r.vouch() {
				return written, r.err
			}
		} else {
			n, err := r.readDirect(piece)
			if err != nil {
				return written, err
			}
			if n == 0 {
				continue
			}
			piece = piece[:n]
			if r.pos >= r.t.rng.To {
				if err := r.advance(); err != io.EOF {
					return written, err
				}
			}
		}
		n, err := xio.Write(w, piece)
		written += int64(n)
		if r.slot != nil {
			r.consumed(n)
		}
		if err != nil {
			return written, err
		}
	}
}

// advance makes sure that there is a byte to be read, in direct or in slot. It
// returns io.EOF behind the last.
func (r *Reader) advance() error {
	if r.ahead != nil && !r.ahead.started && r.err == nil {
		r.ahead.started = true
		r.ahead.start()
	}
	for r.err == nil {
		switch {
		case r.direct != nil && (r.direct.off < r.direct.end || r.extend()):
			return nil
		case r.direct != nil:
			r.direct.close()
			r.direct = nil
			r.t.arrived(0, 1)
			if r.ahead != nil {
				r.ahead.takeOver()
				r.ahead.nudge()
			}
		case r.slot != nil:
			return nil
		case r.pos >= r.t.rng.To:
			r.finish()
		default:
			r.next()
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
		r.ahead.nudge()
	}
	return ok
}

// next finds the part at pos: a helper's, or if nobody has begun it, our own.
func (r *Reader) next() {
	if p, ok := r.ahead.take(r.pos); ok {
		r.direct = r.t.stream(r.t.ctx, p)
		return
	}
	s, err := r.ahead.wait()
	if err != nil {
		r.fail(s.number(r.t), err)
		if s != nil {
			s.release()
		}
		return
	}
	if r.t.sums.inOrder != nil {
		r.t.sums.inOrder.Write(s.buf.Bytes()[:s.r.Len()])
	}
	r.slot = s
}

// readDirect reads from the stream that the caller has to itself. It may return
// nothing, where the stream ends.
func (r *Reader) readDirect(p []byte) (int, error) {
	n, err := r.direct.Read(p)
	if n > 0 && r.t.sums.inOrder != nil {
		r.t.sums.inOrder.Write(p[:n])
	}
	r.pos += int64(n)
	switch {
	case err == io.EOF:
		if !r.t.known {
			r.t.rng.To = r.pos
		}
	case err != nil:
		r.fail(r.t.partOf(r.pos), err)
		return n, r.err
	}
	return n, nil
}

// consumed notes that n bytes of the slot have been delivered.
func (r *Reader) consumed(n int) {
	r.pos += int64(n)
	if r.pos == r.slot.r.To {
		r.slot.release()
		r.slot = nil
		r.t.arrived(0, 1)
		r.ahead.nudge()
	}
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
		v, err := r.t.verify()
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
	if r.slot != nil {
		r.slot.release()
		r.slot = nil
	}
	if r.ahead != nil {
		r.ahead.stop()
	}
}

// Close ends the stream. Requests under way are cancelled, and a Read in progress
// returns; when Close returns, no goroutine is left and no memory held. It may be
// called more than once and always returns nil.
func (r *Reader) Close() error {
	r.cancel() // lets go a Read that holds the lock
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.stop()
	}
	if r.err == nil || r.err == io.EOF {
		r.err = errClosedReader
	}
	return nil
}
