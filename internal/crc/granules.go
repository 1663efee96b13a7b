package crc

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

// Granules keep the CRCs of an object in pieces of equal size, so that its composite
// checksum can be put together when everything has arrived and somebody tells where its
// parts begin and end. Ranges may come in any order. The methods are safe for concurrent
// use.
type Granules struct {
	alg   Algorithm
	size  int64 // of a granule
	total int64 // of the object

	mu      sync.Mutex
	pages   []*page // nil where no granule is done: a size that is only announced costs little
	left    int     // granules not done
	runs    runs    // of granules not done
	spoiled bool    // a byte was added twice, or one outside of the object
}

// A page is what is known of some granules in a row.
type page struct {
	crcs [pageSize]uint64
	done [pageSize]bool
}

const (
	pageSize = 256

	maxGranule  = 1 << 20
	minGranule  = 4 << 10
	maxGranules = 8 << 20 // 8 TiB; those of larger objects are larger
)

// NewGranules returns an empty set for an object of total bytes that was uploaded in the
// given number of parts. Most parts begin and end where granules do: these divide every
// multiple of a MiB where parts have some.
func NewGranules(a Algorithm, total int64, parts int) *Granules {
	fieldOf(a)
	size := int64(maxGranule)
	for size > minGranule && size > total/int64(max(parts, 1))/16 {
		size /= 2
	}
	for (total-1)/size >= maxGranules {
		size *= 2
	}
	n := 0
	if total > 0 {
		n = int((total-1)/size) + 1
	}
	return &Granules{alg: a, size: size, total: total, pages: make([]*page, (n+pageSize-1)/pageSize), left: n}
}

// end returns where the granule that holds the byte at off ends.
func (g *Granules) end(off int64) int64 {
	if off >= g.total {
		return math.MaxInt64
	}
	from := off / g.size * g.size
	return from + min(g.size, g.total-from)
}

// add tells that the n bytes from offset off on have the given CRC. They must belong to
// one granule. A byte that is added twice spoils the set, as in Ranges.
func (g *Granules) add(off, n int64, crc uint64) {
	mustBeRange(off, n)
	if n == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	i := off / g.size
	if off >= g.total {
		g.spoiled = true
		return
	}
	pg := g.pages[i/pageSize]
	if pg != nil && pg.done[i%pageSize] {
		g.spoiled = true
		return
	}
	from, end := i*g.size, g.end(off)
	if off+n > end {
		panic(fmt.Sprintf("crc: add bytes %d-%d across the end of the granule at %d", off, off+n-1, from))
	}
	r, ok := g.runs.add(g.alg, run{off, off + n, crc}, from, end)
	if !ok {
		g.spoiled = true
		return
	}
	if r.to-r.from == end-from {
		g.runs.remove(r.from)
		if pg == nil {
			pg = new(page)
			g.pages[i/pageSize] = pg
		}
		pg.crcs[i%pageSize], pg.done[i%pageSize] = r.crc, true
		g.left--
	}
}

// ErrUnaligned is the error of Composite if a part ends inside a granule and there is
// nothing to read the bytes from.
var ErrUnaligned = errors.New("a part of the object ends where the stream was not hashed apart")

// errRead is the error of Composite if what can be read is not what has been hashed.
var errRead = errors.New("the bytes read back are not those that arrived")

// Composite returns the checksum of the parts of l. Where a part ends inside a granule,
// it reads the granule's bytes from src, which may be nil: that is then ErrUnaligned.
func (g *Granules) Composite(l Layout, src io.ReaderAt) (Value, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.spoiled || g.left > 0 || l.Total() != g.total {
		return Value{}, ErrIncomplete
	}
	p := pieces{g: g, src: src}
	digests := make([]byte, 0, l.Parts()*g.alg.Size())
	for i := range l.Parts() {
		off, n := l.Part(i)
		crc, err := p.crc(off, off+n)
		if err != nil {
			return Value{}, err
		}
		var digest [8]byte
		putCRC(digest[:g.alg.Size()], crc)
		digests = append(digests, digest[:g.alg.Size()]...)
	}
	return compositeValue(g.alg, digests), nil
}

// pieces read the granules in which parts end: each byte once, since parts come in order
// and without gaps.
type pieces struct {
	g   *Granules
	src io.ReaderAt

	buf []byte
	sum uint64 // of the granule's bytes that have been read
}

// maxRead is how many bytes are read at once.
const maxRead = 64 << 10

// crc returns the CRC of [off, end).
func (p *pieces) crc(off, end int64) (sum uint64, err error) {
	g := p.g
	for off < end {
		i := off / g.size
		from, to := i*g.size, g.end(off)
		whole := g.pages[i/pageSize].crcs[i%pageSize]
		crc := whole
		if from < off || end < to {
			if crc, err = p.read(off, min(to, end)); err != nil {
				return 0, err
			}
			if from == off {
				p.sum = 0
			}
			n := min(to, end) - off
			p.sum = Combine(g.alg, p.sum, crc, n)
			if off+n == to && p.sum != whole {
				return 0, errRead
			}
			to = off + n
		}
		sum = Combine(g.alg, sum, crc, to-off)
		off = to
	}
	return sum, nil
}

// read returns the CRC of the bytes [off, end) of the source.
func (p *pieces) read(off, end int64) (sum uint64, err error) {
	if p.src == nil {
		return 0, ErrUnaligned
	}
	if p.buf == nil {
		p.buf = make([]byte, min(p.g.size, p.g.total, maxRead))
	}
	for off < end {
		b := p.buf[:min(int64(len(p.buf)), end-off)]
		if n, err := p.src.ReadAt(b, off); n < len(b) {
			return 0, fmt.Errorf("%w: %w", ErrUnaligned, err)
		}
		sum = Update(p.g.alg, sum, b)
		off += int64(len(b))
	}
	return sum, nil
}

// compositeValue returns the checksum of the parts with the given digests.
func compositeValue(a Algorithm, digests []byte) Value {
	var v Value
	if a.Parallel() {
		v = FromCRC(a, Update(a, 0, digests))
	} else {
		h := a.newHash()
		h.Write(digests)
		v = FromDigest(a, h.Sum(nil))
	}
	v.Parts = len(digests) / a.Size()
	return v
}
