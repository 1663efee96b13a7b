package transfer

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/xio"
)

// Get downloads an object into memory of the pool. The caller owns it and calls
// Object.Release; on error there is nothing to release.
//
// Small objects are one request. Larger ones than ParallelThreshold are fetched by
// several at a time, all of the same version. Get waits under ctx for the pool's budget,
// for the size of the object, and holds no connection while it waits: if the budget has no
// room when the first answer tells the size, that one's body is closed, and another
// request is made later.
//
// The size that a server announces is taken from the budget at once, but memory above 64
// MiB is allocated as bytes arrive.
//
// The input's Range and PartNumber are honoured, and its conditions: an answer of
// 304 or 412 is an error, as with the SDK. Errors are *[Error].
func (c *Client) Get(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*DownloadOptions)) (*Object, error) {
	var g getting
	defer g.drop() // a panic of the caller's code included
	for {
		t, first, err := c.begin(ctx, "Get", in, optFns)
		if err != nil {
			return nil, err
		}
		if o, err := g.get(t, first); o != nil || err != nil {
			return o, err
		}
	}
}

// A getting is one Get.
type getting struct {
	// memory is what the object is fetched into.
	memory *mem.Growth
}

func (g *getting) drop() {
	if g.memory != nil {
		g.memory.Release()
		g.memory = nil
	}
}

// get fetches the object. It returns nothing if the transfer must begin anew, with the
// memory for it taken.
func (g *getting) get(t *transfer, first *stream) (*Object, error) {
	defer first.close()
	fetch := g.fetch
	if !t.known {
		fetch = g.fetchUnknown
	}
	n, again, err := fetch(t, first)
	if again || err != nil {
		return nil, err
	}
	first.close()
	if t.sums.inOrder != nil {
		t.sums.inOrder.Write(g.memory.Bytes()[:n])
	}
	o := &Object{Output: t.out, n: n}
	if o.Verification, err = t.verify(bytes.NewReader(g.memory.Bytes()[:n])); err != nil {
		return nil, t.fail(0, err)
	}
	o.buf = g.memory.Lease(n)
	g.memory = nil
	t.out.Body = http.NoBody
	return o, nil
}

// take makes sure that there is memory for n bytes, not all of it allocated. If it has to
// wait for the budget, it closes the body first: whoever waits for memory holds no
// connection. It reports whether the transfer must begin anew for that, since nobody could
// tell whether a second body is of the same version.
func (g *getting) take(t *transfer, first *stream, n int) (again bool, err error) {
	if g.memory != nil && g.memory.Limit() >= n {
		return false, nil
	}
	g.drop()
	var ok bool
	if g.memory, ok = t.set.pool.TryReserve(n); ok {
		return false, nil
	}
	first.drop()
	if g.memory, err = t.set.pool.Reserve(t.ctx, n); err != nil {
		return false, t.fail(0, err)
	}
	return !t.version.pinned(), nil
}

// more returns the memory, of which n bytes are in use, with room for another.
func (g *getting) more(n int) []byte {
	for len(g.memory.Bytes()) <= n && n < g.memory.Limit() {
		g.memory.Grow(context.Background()) // all of it has been charged
	}
	return g.memory.Bytes()
}

// fetch reads an object whose length is known. When it returns, nobody writes to the
// memory any more.
func (g *getting) fetch(t *transfer, first *stream) (n int, again bool, err error) {
	n = int(t.rng.Len())
	if int64(n) != t.rng.Len() {
		return 0, false, t.fail(0, mem.ErrTooLarge)
	}
	if again, err := g.take(t, first, n); again || err != nil {
		return 0, again, err
	}
	if !t.parallel() {
		for first.off < first.end {
			into := g.more(int(first.off - t.rng.From))[first.off-t.rng.From:]
			if err := first.readFull(into[:min(len(into), int(first.end-first.off))]); err != nil {
				return 0, false, t.fail(t.partOf(first.off), err)
			}
		}
		t.arrived(0, 1)
		return n, false, t.expectEnd(first)
	}
	for stage := (part.Range{From: t.rng.From}); stage.From < t.rng.To; stage.From = stage.To {
		into := g.more(int(stage.From - t.rng.From))
		stage.To = t.rng.From + int64(min(len(into), n))
		if err := t.split(first, stage, func(s *stream) error {
			return s.readFull(into[s.off-t.rng.From : s.end-t.rng.From])
		}); err != nil {
			return 0, false, err
		}
		first = t.stream(t.ctx, part.Range{From: stage.To, To: stage.To})
	}
	return n, false, nil
}

// expectEnd makes sure that a body which should be at its end is: the connection can
// then be used again, and a body that goes on is not what was announced.
func (t *transfer) expectEnd(s *stream) error {
	if s.body == nil || s.bodyEnd > s.off {
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

// fetchUnknown reads a body whose length nobody has told. Where the budget has no room for
// more, all memory is given back, and the transfer begins anew when there is twice as much:
// to wait for more while holding some is to wait for ever, if enough others do so.
func (g *getting) fetchUnknown(t *transfer, first *stream) (n int, again bool, err error) {
	size := firstBlock
	if g.memory != nil {
		size = g.memory.Limit()
	}
	if again, err := g.take(t, first, capped(t, size)); again || err != nil || first.body == nil {
		return 0, err == nil, err
	}
	for {
		var probe [1]byte
		into := g.memory.Bytes()[n:]
		if len(into) == 0 {
			into = probe[:] // the end may be here
		}
		m, err := first.Read(into)
		if err == io.EOF {
			t.rng.To = int64(n)
			return n, false, nil
		}
		if err != nil {
			return 0, false, t.fail(0, err)
		}
		if len(g.memory.Bytes()) > n {
			n += m
			continue
		}
		more := capped(t, 2*n)
		if more <= n {
			return 0, false, t.fail(0, mem.ErrTooLarge)
		}
		next, ok := t.set.pool.TryReserve(more)
		if !ok {
			t.arrived(-int64(n+m), 0)
			again, err := g.take(t, first, more)
			return 0, again || err == nil, err
		}
		old := g.memory
		g.memory = next
		into = g.more(n)
		copy(into, old.Bytes())
		n += copy(into[n:], probe[:m])
		old.Release()
	}
}

func capped(t *transfer, n int) int { return int(t.set.pool.Capped(int64(n))) }

// firstBlock is the first buffer for a body of unknown length.
const firstBlock = 128 << 10
