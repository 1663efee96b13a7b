package s3pool

import (
	"io"
	"math"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"

	"github.com/s3pool/s3pool/internal/xio"
)

// Into memory: a body is read straight into its place in the object. A
// manager.WriteAtBuffer is given capacity and no length before the bytes come, so that
// whatever happens it is as long as the bytes that did.

// believed is what is reserved, at most, on the word of a header. Beyond it memory doubles
// with the bytes that have come.
const believed = 64 << 20

// reservation returns the bytes to make room for when end bytes have come or are about
// to, n is the length of the answer, and the download will fill want bytes if the answer
// tells the truth. An answer vouches for sixteen of its own length.
func reservation(end, n, want int) int {
	vouched := believed
	if n < believed/16 {
		vouched = max(16*n, 1<<20)
	}
	if end < math.MaxInt/2 {
		vouched = max(vouched, 2*end)
	}
	return max(end, min(want, vouched))
}

// intoManaged moves r into b.
func (w *partWriter) intoManaged(b *manager.WriteAtBuffer, r io.Reader, body *sizedBody, c chunk) (int64, error) {
	provider := w.provider
	n, want, ok := body.fits(c)
	m := &managed{WriteAtBuffer: b, lock: provider.growing.get(b), n: n, want: want}
	defer provider.growing.put(b)
	out := c.writer(m, 0)
	if !ok {
		// Few writes, since each copies all of a buffer that has to grow.
		return w.gathered(out, r, body, gathering{most: c.most()})
	}

	block := provider.pool.Borrow()
	defer provider.pool.GiveBack(block)
	done := 0
	for n >= len(block.Bytes()) && done < n {
		read, err := m.readAt(r, int(c.off)+done, int(c.off)+n)
		if read == 0 && err == nil {
			// No room. The buffer grows when it is given bytes behind its end.
			read, err = r.Read(block.Bytes()[:min(firstPiece, n-done)])
			if read > 0 {
				m.WriteAt(block.Bytes()[:read], c.off+int64(done))
			}
		}
		done += read
		if err == io.EOF {
			return int64(done), nil
		}
		if err != nil {
			return int64(done), err
		}
	}
	// A small body, or the end of a large one, which has not been seen yet.
	out.pos += int64(done)
	rest, err := copyRest(out, r, block.Bytes())
	return int64(done) + rest, err
}

// firstPiece is read before there is memory to read into. It is what net/http has in its
// buffer behind the header; more would be a system call and a copy.
const firstPiece = 4 << 10

// A managed is a manager.WriteAtBuffer that makes room for what is to come.
type managed struct {
	*manager.WriteAtBuffer
	lock    *growLock
	n, want int // see reservation; want is 0 if nothing is known
}

// readAt fills [from, to) of the buffer from r, as far as there is capacity, and
// lengthens the buffer by what has come. It reads nothing and returns no error if
// there is none.
func (m *managed) readAt(r io.Reader, from, to int) (int, error) {
	m.lock.RLock()
	defer m.lock.RUnlock()
	b := m.Bytes()
	if to = min(to, cap(b)); from >= to {
		return 0, nil
	}
	n, err := xio.ReadUntil(r, b[from:to:to])
	if n > 0 {
		m.WriteAtBuffer.WriteAt(b[from:from+n:to], int64(from)) // which is there already
	}
	return n, err
}

// WriteAt implements io.WriterAt.
func (m *managed) WriteAt(p []byte, off int64) (int, error) {
	if n, ok := m.writeInPlace(p, off); ok {
		return n, nil
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	end := off + int64(len(p))
	if target := reservation(int(end), m.n, m.want); int64(target) > end && int64(cap(m.Bytes())) < end {
		// The capacity of the memory that is made for this write is GrowthCoeff times
		// the length, rounded down.
		before := m.GrowthCoeff
		m.GrowthCoeff = math.Nextafter(float64(target)/float64(end), math.MaxFloat64)
		defer func() { m.GrowthCoeff = max(before, 1) }()
	}
	return m.WriteAtBuffer.WriteAt(p, off)
}

// writeInPlace writes p if there is capacity for it.
func (m *managed) writeInPlace(p []byte, off int64) (int, bool) {
	m.lock.RLock()
	defer m.lock.RUnlock()
	if int64(cap(m.Bytes()))-int64(len(p)) < off {
		return 0, false
	}
	n, _ := m.WriteAtBuffer.WriteAt(p, off)
	return n, true
}

// intoPooled moves r into b.
func (w *partWriter) intoPooled(b *WriteAtBuffer, r io.Reader, body *sizedBody, c chunk) (int64, error) {
	out := c.writer(b, 0)
	block := w.provider.pool.Borrow()
	defer w.provider.pool.GiveBack(block)
	n, want, ok := body.fits(c)
	if !ok {
		return copyRest(out, r, block.Bytes()) // the buffer grows by doubling: any block will do
	}
	if err := b.reserveFor(body, n, want); err != nil {
		return 0, err
	}

	done := 0
	for n >= len(block.Bytes()) && done < n {
		pos := int(c.off) + done
		read, err := b.readAt(r, pos, int(c.off)+n)
		if read == 0 && err == nil {
			err = b.grow(reservation(pos+1, n, want))
		}
		done += read
		if err == io.EOF {
			return int64(done), nil
		}
		if err != nil {
			return int64(done), err
		}
	}
	out.pos += int64(done)
	rest, err := copyRest(out, r, block.Bytes())
	return int64(done) + rest, err
}

// reserveFor makes room for a download of want bytes, before one is read. A budget is asked
// for the whole at once: who holds memory does not wait for more. And who waits holds no
// connection, which whoever has the memory may need: the body is closed and asked for again.
func (b *WriteAtBuffer) reserveFor(body *sizedBody, n, want int) error {
	size := b.reservable(n, want)
	if ok, err := b.tryReserve(size); ok || err != nil {
		return err
	}
	body.Close()
	if err := b.reserve(body.ctx, size); err != nil {
		return err
	}
	return body.again()
}

// reservable returns what to reserve for a download of want bytes that begins with an
// answer of n. What a budget bounds needs no other bound.
func (b *WriteAtBuffer) reservable(n, want int) int {
	if b.pool.MaxBytes() > 0 || want == 0 {
		return want
	}
	return reservation(1, n, want)
}
