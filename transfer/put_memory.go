package transfer

import (
	"context"
	"fmt"
	"io"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/putbody"
)

// How the bytes of a stream come into memory.

// putKnown uploads a stream of known length in one request.
func (u *upload) putKnown() (*PutOutput, error) {
	f := putbody.NewFeed(u.ctx, u.body.R)
	defer f.Close()
	size := u.body.Size
	buf, n, err := u.fill(u.ctx, f, size)
	if buf == nil {
		return nil, u.fail(0, err)
	}
	defer buf.Release()
	if err == io.EOF {
		err = putbody.ErrShort(int64(n), size)
	}
	if err == nil {
		if err = f.AtEnd(u.ctx); err == putbody.ErrMore {
			err = putbody.ErrLong(size)
		}
	}
	if err != nil {
		return nil, u.fail(0, err)
	}
	return u.putOne(putbody.Memory(buf.Bytes()))
}

// fill reads up to size bytes of the body into memory, and returns how many there are; fewer
// with io.EOF or what went wrong. The buffer is the caller's, unless it is nil.
//
// What was announced is not taken for what will come: who waits for the first 32 KiB of a
// body holds nothing of the budget. So a client that sends nothing keeps nobody out, and a
// body that needs memory itself to have a byte finds it. Without a budget, memory grows with
// what is sent.
func (u *upload) fill(ctx context.Context, f *putbody.Feed, size int64) (buf *mem.Buffer, n int, err error) {
	memory := u.set.pool.NewGrowth(int(size))
	n, owned, err := f.Fill(ctx, memory.Bytes(), 0, memory.Release)
	switch {
	case !owned:
		return nil, 0, err
	case err != nil || int64(n) == size:
		return memory.Lease(n), n, err
	}
	had, release := memory.Bytes(), memory.Release
	for _, size := range u.steps(size) {
		buf, err = u.set.pool.Acquire(ctx, int(size))
		if err != nil {
			release()
			return nil, 0, err
		}
		copy(buf.Bytes(), had[:n])
		release()
		n, owned, err = f.Fill(ctx, buf.Bytes(), n, buf.Release)
		if !owned {
			return nil, 0, err
		}
		if err != nil {
			break
		}
		had, release = buf.Bytes(), buf.Release
	}
	return buf, n, err
}

// steps are the sizes in which memory grows to size. Under a budget there is one: to wait for
// memory while holding some is how everybody waits for ever.
func (u *upload) steps(size int64) []int64 {
	const first = 1 << 20
	if u.set.pool.MaxBytes() > 0 || size <= 2*first {
		return []int64{size}
	}
	return []int64{first, size}
}

// putStream uploads a stream of known length in parts.
func (u *upload) putStream() (*PutOutput, error) {
	f := putbody.NewFeed(u.ctx, u.body.R)
	defer f.Close()
	return u.sendStream(f, nil)
}

// putUnknown uploads a stream whose length nobody knows: in one request if it fits into
// a part.
func (u *upload) putUnknown() (*PutOutput, error) {
	limit := u.set.pool.Capped(u.leastPart())
	f := putbody.NewFeed(u.ctx, u.body.R)
	defer f.Close()
	memory := u.set.pool.NewGrowth(int(limit))
	for n := 0; ; {
		var (
			owned bool
			err   error
		)
		n, owned, err = f.Fill(u.ctx, memory.Bytes(), n, memory.Release)
		if !owned {
			return nil, u.fail(0, err)
		}
		if err == nil && n == int(limit) {
			return u.putFull(f, memory.Lease(n))
		}
		if err == nil {
			err = memory.Grow(u.ctx)
		}
		switch {
		case err == io.EOF:
			buf := memory.Lease(n)
			defer buf.Release()
			return u.putOne(putbody.Memory(buf.Bytes()))
		case err != nil:
			memory.Release()
			return nil, u.fail(0, err)
		}
	}
}

// putFull goes on behind a full first part, which it owns.
func (u *upload) putFull(f *putbody.Feed, first *mem.Buffer) (*PutOutput, error) {
	err := f.AtEnd(u.ctx)
	switch {
	case err == nil:
		defer first.Release()
		return u.putOne(putbody.Memory(first.Bytes()))
	case err == putbody.ErrMore && int64(len(first.Bytes())) >= u.set.MinPartSize:
		return u.sendStream(f, first)
	case err == putbody.ErrMore:
		err = fmt.Errorf("parts of %d bytes from a budget of %d: %w", u.set.MinPartSize, u.set.pool.MaxBytes(), mem.ErrTooLarge)
	}
	first.Release()
	return nil, u.fail(0, err)
}
