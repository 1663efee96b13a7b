package putbody

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/s3pool/s3pool/internal/unwind"
	"github.com/s3pool/s3pool/internal/xio"
)

// A Feed reads a caller's stream in a goroutine of its own: a Read cannot be
// interrupted, and Put must return when the caller's context ends. Whatever a stuck Read
// is to fill then belongs to the goroutine, which releases it when the Read returns.
type Feed struct {
	ctx  context.Context // of the caller
	want chan *request
	got  chan result

	peeked []byte // a byte read ahead, 0 or 1
	err    error  // sticky; io.EOF behind the last byte, or of the context that ended
}

type request struct {
	ctx     context.Context // no Read begins when it has ended
	mem     []byte
	release func()      // of mem, if nobody waits for it
	settled atomic.Bool // set by the first: the reader, who is done, or the owner, who has left
}

type result struct {
	n   int
	err error
}

// grace is how long a Read under way may take to return when the caller's context has
// ended. Nearly all do so at once, and a body that nobody reads any more is easier to
// live with.
const grace = 100 * time.Millisecond

// NewFeed starts a Feed. The caller must close it.
func NewFeed(ctx context.Context, r io.Reader) *Feed {
	f := &Feed{ctx: ctx, want: make(chan *request), got: make(chan result, 1)}
	go f.run(r)
	return f
}

func (f *Feed) run(r io.Reader) {
	for req := range f.want {
		var n int
		left := false
		unwind.Call(func() (err error) {
			n, err = xio.ReadForeign(req.ctx, r, req.mem)
			return err
		}, func(err error) {
			if left = !req.settled.CompareAndSwap(false, true); left {
				req.release() // nobody is there to hear of a panic
				return
			}
			f.got <- result{n, err}
		})
		if left {
			return
		}
	}
}

// Fill fills mem from its byte n on. It returns how many bytes are in mem then; fewer
// than all with io.EOF, the body's own error, or that of ctx. If owned is false, mem
// belongs to the goroutine, which calls release when it is done with it.
func (f *Feed) Fill(ctx context.Context, mem []byte, n int, release func()) (filled int, owned bool, err error) {
	n += copy(mem[n:], f.peeked)
	f.peeked = f.peeked[:0]
	if f.err == nil && n < len(mem) {
		req := &request{ctx: ctx, mem: mem[n:], release: release}
		f.want <- req
		r, ok := f.wait(req)
		n += r.n
		f.err = r.err
		if !ok {
			return n, false, f.err
		}
	}
	if n < len(mem) {
		return n, true, f.err
	}
	return n, true, nil
}

// wait waits for the answer to req. It is not ok if the Read is stuck, and req's memory
// the goroutine's.
func (f *Feed) wait(req *request) (r result, ok bool) {
	select {
	case r := <-f.got:
		return r, true
	case <-f.ctx.Done():
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case r = <-f.got:
	case <-t.C:
		if req.settled.CompareAndSwap(false, true) {
			return result{err: f.ctx.Err()}, false
		}
		r = <-f.got
	}
	if r.err == nil {
		r.err = f.ctx.Err()
	}
	return r, true
}

// ErrMore is what atEnd returns where the body goes on.
var ErrMore = errors.New("s3pool: there is more")

// AtEnd returns nil if there is no other byte. If there is, it is kept for the next
// Fill.
func (f *Feed) AtEnd(ctx context.Context) error {
	one := make([]byte, 1)
	n, _, err := f.Fill(ctx, one, 0, func() {})
	f.peeked = one[:n]
	switch {
	case n > 0:
		return ErrMore
	case err == io.EOF:
		return nil
	}
	return err
}

// Close ends the goroutine, at once or when its Read returns.
func (f *Feed) Close() { close(f.want) }
