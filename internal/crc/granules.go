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
	crcs    []uint64
	done    []bool
	left    int  // granules not done
	runs    runs // of granules not done
	spoiled bool // a byte was added twice, or one outside of the object
}

const (
	maxGranule  = 1 << 20
	minGranule  = 4 << 10
	maxGranules = 64 << 10
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
	return &Granules{alg: a, size: size, total: total, crcs: make([]uint64, n), done: make([]bool, n), left: n}
}

// end returns where the granule that holds the byte at off ends.
func (g *Granules) end(off int64) int64 {
	if off >= g.total {
		return math.MaxInt64
	}
	return min(g.total, (off/g.size+1)*g.size)
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
	if off >= g.total || g.done[i] {
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
		g.crcs[i], g.done[i] = r.crc, true
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

// pieces read the granules in which parts end.
type pieces struct {
	g   *Granules
	src io.ReaderAt

	buf  []byte
	from int64 // of the granule in buf
}

// crc returns the CRC of [off, end).
func (p *pieces) crc(off, end int64) (sum uint64, err error) {
	g := p.g
	for off < end {
		i := off / g.size
		from, to := i*g.size, g.end(off)
		crc := g.crcs[i]
		if from < off || end < to {
			to = min(to, end)
			if crc, err = p.part(i, off-from, to-from); err != nil {
				return 0, err
			}
		}
		sum = Combine(g.alg, sum, crc, to-off)
		off = to
	}
	return sum, nil
}

// part returns the CRC of the bytes [a, b) of granule i.
func (p *pieces) part(i, a, b int64) (uint64, error) {
	g := p.g
	from := i * g.size
	if p.buf == nil || p.from != from {
		if p.src == nil {
			return 0, ErrUnaligned
		}
		if p.buf == nil {
			p.buf = make([]byte, min(g.size, g.total))
		}
		p.from, p.buf = from, p.buf[:g.end(from)-from]
		if n, err := p.src.ReadAt(p.buf, from); n < len(p.buf) {
			p.buf = nil
			return 0, fmt.Errorf("%w: %w", ErrUnaligned, err)
		}
		if Update(g.alg, 0, p.buf) != g.crcs[i] {
			return 0, errRead
		}
	}
	return Update(g.alg, 0, p.buf[a:b]), nil
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
