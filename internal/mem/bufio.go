package mem

import (
	"bufio"
	"fmt"
	"io"
	"math/bits"
	"sync"

	"github.com/s3pool/s3pool/internal/check"
)

// Readers and writers come in powers of two from 512 bytes to 1 MiB. Servers
// use a handful of sizes: a bucket for each, so that a 2 KiB writer never comes
// back where a 4 KiB one is asked for, is what net/http had to learn.
const (
	minBufioShift = 9
	maxBufioShift = 20
	numBufio      = maxBufioShift - minBufioShift + 1

	defaultBufioSize = 4096 // bufio's own
)

// bufioPool holds *bufio.Reader or *bufio.Writer by the size of their buffer.
type bufioPool struct {
	buckets [numBufio]sync.Pool
	ledger  ledger
}

// bufioBucket returns the smallest bucket for size, and numBufio for none.
func bufioBucket(size int) int {
	if size <= 1<<minBufioShift {
		return 0
	}
	return min(bits.Len(uint(size-1))-minBufioShift, numBufio)
}

func bufioSize(call string, size int) int {
	if size < 0 {
		panic(fmt.Sprintf("s3pool: %s: negative size %d", call, size))
	}
	if size == 0 {
		return defaultBufioSize
	}
	return size
}

// home returns the bucket that size fills exactly, or nil: a buffer from
// elsewhere would shrink what the bucket promises.
func (p *bufioPool) home(size int) *sync.Pool {
	i := bufioBucket(size)
	if i == numBufio || size != 1<<(i+minBufioShift) {
		return nil
	}
	return &p.buckets[i]
}

// isOurs reports whether a buffer of that size can have come from a pool.
func isOurs(size int) bool {
	i := bufioBucket(size)
	return i == numBufio || size == 1<<(i+minBufioShift)
}

// GetBufioReader returns a bufio.Reader on r with a buffer of at least size bytes,
// rounded up to a power of two. Zero means 4096; above 1 MiB it is not pooled.
// The caller returns it with [Pool.PutBufioReader] when done.
func (p *Pool) GetBufioReader(r io.Reader, size int) *bufio.Reader {
	p.MustExist("GetBufioReader")
	size = bufioSize("GetBufioReader", size)
	var br *bufio.Reader
	if i := bufioBucket(size); i < numBufio {
		br, _ = p.readers.buckets[i].Get().(*bufio.Reader)
		size = 1 << (i + minBufioShift)
	}
	if br == nil {
		br = bufio.NewReaderSize(nil, size) // not on r: that may return r itself
	}
	br.Reset(r)
	if check.Enabled {
		lend(&p.readers.ledger, br)
	}
	return br
}

// PutBufioReader takes back a reader that the caller is done with, with whatever it
// has buffered. The caller must not use it again. nil is ignored.
func (p *Pool) PutBufioReader(br *bufio.Reader) {
	p.MustExist("PutBufioReader")
	if br == nil {
		return
	}
	home := p.readers.home(br.Size())
	if check.Enabled {
		settle(&p.readers.ledger, "PutBufioReader", br, home != nil)
	}
	if !isOurs(br.Size()) {
		return // put back already, or made elsewhere
	}
	if br = retireReader(br); home != nil {
		br.Reset(nil) // retain neither the source nor its error
		home.Put(br)
	}
}

// GetBufioWriter returns a bufio.Writer on w with a buffer of at least size bytes,
// rounded up to a power of two. Zero means 4096; above 1 MiB it is not pooled.
// The caller flushes it and returns it with [Pool.PutBufioWriter].
func (p *Pool) GetBufioWriter(w io.Writer, size int) *bufio.Writer {
	p.MustExist("GetBufioWriter")
	size = bufioSize("GetBufioWriter", size)
	var bw *bufio.Writer
	if i := bufioBucket(size); i < numBufio {
		bw, _ = p.writers.buckets[i].Get().(*bufio.Writer)
		size = 1 << (i + minBufioShift)
	}
	if bw == nil {
		bw = bufio.NewWriterSize(nil, size)
	}
	bw.Reset(w)
	if check.Enabled {
		lend(&p.writers.ledger, bw)
	}
	return bw
}

// PutBufioWriter takes back a writer that the caller has flushed, or that failed. The
// caller must not use it again. nil is ignored.
//
// A writer with bytes that were neither flushed nor refused by an error is the
// caller's bug: debug builds panic, others drop the writer.
func (p *Pool) PutBufioWriter(bw *bufio.Writer) {
	p.MustExist("PutBufioWriter")
	if bw == nil {
		return
	}
	home := p.writers.home(bw.Size())
	if check.Enabled {
		settle(&p.writers.ledger, "PutBufioWriter", bw, home != nil)
	}
	if !isOurs(bw.Size()) {
		return // put back already, or made elsewhere
	}
	if n := bw.Buffered(); n > 0 {
		// A writer that has failed cannot flush. Writing nothing asks for its error.
		if _, err := bw.Write(nil); err == nil {
			if check.Enabled {
				panic(fmt.Sprintf("s3pool: PutBufioWriter: %d bytes have not been flushed", n))
			}
			retireWriter(bw)
			return
		}
	}
	if bw = retireWriter(bw); home != nil {
		bw.Reset(nil)
		home.Put(bw)
	}
}
