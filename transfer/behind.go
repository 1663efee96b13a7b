package transfer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3pool/s3pool/internal/unwind"
)

// behind is what goes on behind calls that have returned: S3 must be told that an upload is
// not wanted any more, although the caller's context has ended.
type behind struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n is 0 again; nil while it is
	left []error       // of uploads that could not be aborted, until somebody asks
}

// mostLeft is the number of errors that are kept.
const mostLeft = 100

// enter and leave are around what goes on. err is of an upload that could not be aborted.
func (b *behind) enter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.idle == nil {
		b.idle = make(chan struct{})
	}
}

func (b *behind) leave(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && len(b.left) < mostLeft {
		b.left = append(b.left, err)
	}
	if b.n--; b.n == 0 {
		close(b.idle)
		b.idle = nil
	}
}

// grace is how much longer than his context a caller waits for a word to S3: mostly it is
// said by then, and nothing goes on behind him.
const grace = 100 * time.Millisecond

// call calls f in a goroutine and waits for it as long as ctx lasts, and grace. If it does
// not wait, it reports so, and left is called with f's error when f is done. there tells f,
// which is not to call anything of the caller's when nobody is.
func (b *behind) call(ctx context.Context, f func(there func() bool) error, left func(error) error) (waited bool, err error) {
	var settled atomic.Bool // by the first: f, which is done, or the caller, who has left
	done := make(chan error, 1)
	b.enter()
	go unwind.Call(func() error {
		return f(func() bool { return !settled.Load() })
	}, func(err error) {
		if settled.CompareAndSwap(false, true) {
			b.leave(nil)
			done <- err
			return
		}
		b.leave(left(err))
	})
	select {
	case err := <-done:
		return true, err
	case <-ctx.Done():
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case err := <-done:
		return true, err
	case <-t.C:
	}
	if settled.CompareAndSwap(false, true) {
		return false, ctx.Err()
	}
	return true, <-done
}

// wait waits until nothing is going on.
func (b *behind) wait(ctx context.Context) error {
	b.mu.Lock()
	idle := b.idle
	b.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			b.mu.Lock()
			defer b.mu.Unlock()
			return fmt.Errorf("s3pool: %d uploads are still being aborted: %w", b.n, ctx.Err())
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.left
	b.left = nil
	return errors.Join(left...)
}

func (b *behind) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// Close waits for what goes on behind calls that have returned. A Put whose context has
// ended returns within a tenth of a second, or two if a Read of its body is stuck; if its
// multipart upload cannot be aborted in that time, this goes on behind it, for a minute at
// most. A program calls Close when it has made its last call, so that no upload is left behind,
// and a test before it looks for goroutines.
//
// The error tells of uploads that could not be aborted since the last Close, as *[Error]
// with the UploadID, or that ctx has ended first. Close ends nothing, and the Client can be
// used as before. Stats.Aborting is the number of aborts under way.
func (c *Client) Close(ctx context.Context) error { return c.behind.wait(ctx) }

// detached returns a copy of a request's input that shares no memory with the caller, who
// may use what he passed again when his call has returned.
func detached[T any](in *T) *T {
	out := *in
	v := reflect.ValueOf(&out).Elem()
	for _, f := range v.Fields() {
		switch {
		case !f.CanSet() || f.IsZero():
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() != reflect.Struct:
			p := reflect.New(f.Type().Elem())
			p.Elem().Set(f.Elem())
			f.Set(p)
		case f.Kind() == reflect.Map:
			m := reflect.MakeMapWithSize(f.Type(), f.Len())
			for it := f.MapRange(); it.Next(); {
				m.SetMapIndex(it.Key(), it.Value())
			}
			f.Set(m)
		}
	}
	return &out
}
