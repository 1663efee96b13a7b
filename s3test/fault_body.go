package s3test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The faults of this file happen to the bodies of answers, whatever their status.
// Offsets count the bytes of the body, so that a range starts at 0. Those that
// break a body do nothing to one of n bytes or fewer, nor to the answer to a HEAD.

// Cut closes the connection after n bytes of the body.
func Cut(n int64) Fault {
	return interrupt(fmt.Sprintf("cut after %d bytes", n), n, func(context.Context, <-chan struct{}) error {
		return io.ErrUnexpectedEOF
	})
}

// ResetAfter resets the connection after n bytes of the body. Through a [Proxy],
// the reset overtakes what is on its way: the client may get fewer.
func ResetAfter(n int64) Fault {
	return interrupt(fmt.Sprintf("reset after %d bytes", n), n, func(context.Context, <-chan struct{}) error {
		return errReset
	})
}

// Stall sends nothing for d after n bytes of the body, and then goes on. Zero means
// until the client gives up.
func Stall(n int64, d time.Duration) Fault {
	if d == 0 {
		return interrupt(fmt.Sprintf("stall after %d bytes", n), n, func(ctx context.Context, closed <-chan struct{}) error {
			return wait[struct{}](ctx, closed, nil)
		})
	}
	return interrupt(fmt.Sprintf("stall after %d bytes for %v", n, d), n, func(ctx context.Context, closed <-chan struct{}) error {
		return sleep(ctx, closed, d)
	})
}

// StallUntil sends nothing after n bytes of the body until the channel is closed,
// or has a value, and then goes on.
func StallUntil(n int64, until <-chan struct{}) Fault {
	return interrupt(fmt.Sprintf("stall after %d bytes until told", n), n, func(ctx context.Context, closed <-chan struct{}) error {
		return wait(ctx, closed, until)
	})
}

// Flip inverts the lowest bit of the byte at offset n of the body.
func Flip(n int64) Fault {
	return Fault{fmt.Sprintf("flip in byte %d", n), func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			resp.Body = &flippedBody{ReadCloser: resp.Body, left: n}
		}
		return resp, err
	}}
}

type flippedBody struct {
	io.ReadCloser
	left int64 // bytes before the one to flip
}

func (b *flippedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left >= 0 && b.left < int64(n) {
		p[b.left] ^= 1
	}
	b.left -= int64(n)
	return n, err
}

// interrupt calls then after n bytes of a body. Its error ends the body, nil lets it
// go on. closed is closed with the body.
func interrupt(name string, n int64, then func(ctx context.Context, closed <-chan struct{}) error) Fault {
	return Fault{name, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil || req.Method == http.MethodHead || resp.Body == http.NoBody {
			return resp, err
		}
		if resp.ContentLength >= 0 && n >= resp.ContentLength {
			return resp, nil
		}
		resp.Body = &interruptedBody{ReadCloser: resp.Body, closing: newClosing(), left: n,
			then: func(closed <-chan struct{}) error { return then(req.Context(), closed) }}
		return resp, nil
	}}
}

type interruptedBody struct {
	io.ReadCloser
	closing *closing
	left    int64
	then    func(<-chan struct{}) error // nil when it is over
	err     error
	next    []byte // a byte that has been read to see whether there is one
	nextErr error  // what came with it
}

func (b *interruptedBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if b.then != nil && b.left <= 0 {
		if b.err = b.interrupt(); b.err != nil {
			return 0, b.err
		}
	}
	if len(b.next) > 0 {
		n := copy(p, b.next)
		b.next = nil
		return n, b.nextErr
	}
	if b.then == nil {
		return b.ReadCloser.Read(p)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// interrupt does it, unless the body is at its end: one whose length nobody has
// announced shows that only when it is read.
func (b *interruptedBody) interrupt() error {
	one := make([]byte, 1)
	n, err := 0, error(nil)
	for tries := 0; n == 0 && err == nil && tries < 100; tries++ { // some bodies have nothing to give
		n, err = b.ReadCloser.Read(one)
	}
	if err != nil && n == 0 {
		return err
	}
	b.next, b.nextErr = one[:n], err
	err = b.then(b.closing.ch)
	b.then = nil
	return err
}

func (b *interruptedBody) Close() error {
	b.closing.close()
	return b.ReadCloser.Close()
}

// Throttle limits the bodies of a request and of its answer, each, to a number of
// bytes per second.
func Throttle(bytesPerSecond int64) Fault {
	if bytesPerSecond <= 0 {
		panic("s3test: Throttle needs a rate above zero")
	}
	return Fault{fmt.Sprintf("%d bytes per second", bytesPerSecond), func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		ctx := req.Context()
		if req.Body != nil && req.Body != http.NoBody {
			req = req.WithContext(ctx) // a copy
			req.Body = newPacedBody(ctx, req.Body, bytesPerSecond)
		}
		resp, err := next.RoundTrip(req)
		if err == nil && resp.Body != http.NoBody {
			resp.Body = newPacedBody(ctx, resp.Body, bytesPerSecond)
		}
		return resp, err
	}}
}

const (
	// pacedChunk bounds what a paced body gives at once, so that it flows.
	pacedChunk = 64 << 10
	// pacedSlack is how far ahead of its time a paced body may be before it sleeps,
	// since short sleeps are dear and inexact.
	pacedSlack = time.Millisecond
	// pacedDebt is how much delay a paced body makes up for, as from a timer that
	// was late. A client that reads slowly gains no more than this.
	pacedDebt = 20 * time.Millisecond
)

type pacedBody struct {
	io.ReadCloser
	ctx     context.Context
	closing *closing
	rate    int64
	due     time.Time // when the last byte read may be given
}

func newPacedBody(ctx context.Context, body io.ReadCloser, rate int64) *pacedBody {
	return &pacedBody{ReadCloser: body, ctx: ctx, closing: newClosing(), rate: rate, due: time.Now()}
}

func (b *pacedBody) Read(p []byte) (int, error) {
	// Slow bodies flow in pieces of a tenth of a second.
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), pacedChunk, max(1, b.rate/10))])
	now := time.Now()
	if earliest := now.Add(-pacedDebt); b.due.Before(earliest) {
		b.due = earliest
	}
	b.due = b.due.Add(time.Duration(float64(n) / float64(b.rate) * float64(time.Second)))
	if ahead := b.due.Sub(now); ahead > pacedSlack || err != nil {
		if e := sleep(b.ctx, b.closing.ch, ahead); e != nil {
			return n, e
		}
	}
	return n, err
}

func (b *pacedBody) Close() error {
	b.closing.close()
	return b.ReadCloser.Close()
}
