package s3pool

import (
	"context"
	"errors"
	"io"
)

// A feed reads a caller's stream in a goroutine of its own: a Read cannot be
// interrupted, and Put must return when its context ends. Whatever a stuck Read is to
// fill then belongs to the goroutine, which releases it when the Read returns.
type feed struct {
	want chan request
	got  chan result
	gone chan struct{} // closed by the owner when it waits no more

	peeked []byte // a byte read ahead, 0 or 1
	err    error  // sticky; io.EOF behind the last byte, or of the context that ended
}

type request struct {
	mem     []byte
	release func() // of mem, if nobody waits for it
}

type result struct {
	n   int
	err error
}

// newFeed starts a feed. The caller must close it.
func newFeed(r io.Reader) *feed {
	f := &feed{want: make(chan request), got: make(chan result), gone: make(chan struct{})}
	go f.run(r)
	return f
}

func (f *feed) run(r io.Reader) {
	for req := range f.want {
		n, err := f.readFull(r, req.mem)
		select {
		case f.got <- result{n, err}:
		case <-f.gone:
			req.release()
			return
		}
	}
}

// readFull fills p, or as much of it as there is.
func (f *feed) readFull(r io.Reader, p []byte) (n int, err error) {
	empty := 0
	for n < len(p) && err == nil {
		select {
		case <-f.gone:
			return n, errAbandoned
		default:
		}
		var m int
		m, err = r.Read(p[n:])
		if m < 0 || m > len(p)-n {
			return n, errBadRead
		}
		n += m
		if m > 0 {
			empty = 0
		} else if empty++; empty == 100 && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

var (
	errAbandoned = errors.New("s3pool: abandoned")
	errBadRead   = errors.New("the body's Read returned an impossible count")
)

// fill fills mem from its byte n on. It returns how many bytes are in mem then; fewer
// than all with io.EOF, the body's own error, or that of ctx. If owned is false, mem
// belongs to the goroutine, which calls release when it is done with it.
func (f *feed) fill(ctx context.Context, mem []byte, n int, release func()) (filled int, owned bool, err error) {
	n += copy(mem[n:], f.peeked)
	f.peeked = f.peeked[:0]
	if f.err == nil && n < len(mem) {
		if err := ctx.Err(); err != nil {
			return n, true, err
		}
		f.want <- request{mem[n:], release}
		select {
		case r := <-f.got:
			n += r.n
			f.err = r.err
		case <-ctx.Done():
			f.err = ctx.Err()
			close(f.gone)
			return n, false, f.err
		}
	}
	if n < len(mem) {
		return n, true, f.err
	}
	return n, true, nil
}

// errMore is what atEnd returns where the body goes on.
var errMore = errors.New("s3pool: there is more")

// atEnd returns nil if there is no other byte. If there is, it is kept for the next
// fill.
func (f *feed) atEnd(ctx context.Context) error {
	one := make([]byte, 1)
	n, _, err := f.fill(ctx, one, 0, func() {})
	f.peeked = one[:n]
	switch {
	case n > 0:
		return errMore
	case err == io.EOF:
		return nil
	}
	return err
}

// close ends the goroutine, at once or when its Read returns.
func (f *feed) close() { close(f.want) }
