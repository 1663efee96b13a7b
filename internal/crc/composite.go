package crc

import (
	"fmt"
	"sync"
)

// Composite puts a composite checksum together: the checksum of the digests of
// the parts. Parts may come in any order, those of a CRC piece by piece. Its
// methods are safe for concurrent use.
type Composite struct {
	alg    Algorithm
	layout Layout

	mu      sync.Mutex
	digests []byte // of every part, one behind the other
	done    []bool // by part
	left    int    // parts not done
	runs    runs   // of parts not done
	spoiled bool   // a byte was added twice, or one outside of the object
}

// NewComposite returns an empty set for an object with the given parts.
func NewComposite(a Algorithm, l Layout) *Composite {
	c := &Composite{
		alg:     a,
		layout:  l,
		digests: make([]byte, l.Parts()*a.Size()),
		done:    make([]bool, l.Parts()),
		left:    l.Parts(),
	}
	// Nobody will add the bytes of an empty part.
	if last := l.Parts() - 1; last >= 0 {
		if _, n := l.Part(last); n == 0 {
			c.finish(last, emptyDigest(a))
		}
	}
	return c
}

// Add tells that the n bytes from offset off on have the given CRC. They must
// belong to one part, see Layout.End. The algorithm must be a CRC. A byte that
// is added twice spoils the set, as in Ranges.
func (c *Composite) Add(off, n int64, crc uint64) {
	mustBeRange(off, n)
	fieldOf(c.alg)
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.layout.Index(off)
	if i < 0 || c.done[i] {
		c.spoiled = true
		return
	}
	from, size := c.layout.Part(i)
	if off+n > from+size {
		panic(fmt.Sprintf("crc: add bytes %d-%d across the end of part %d at %d", off, off+n-1, i+1, from+size))
	}
	r, ok := c.runs.add(c.alg, run{off, off + n, crc}, from, from+size)
	if !ok {
		c.spoiled = true
		return
	}
	if r.to-r.from == size {
		c.runs.remove(r.from)
		var digest [8]byte
		putCRC(digest[:c.alg.Size()], r.crc)
		c.finish(i, digest[:c.alg.Size()])
	}
}

// finish stores the digest of part i. The caller holds the lock.
func (c *Composite) finish(i int, digest []byte) {
	copy(c.digests[i*c.alg.Size():], digest)
	c.done[i] = true
	c.left--
}

// Complete returns the checksum. It is not ok if any byte is missing, was added
// twice, or lies outside of the object.
func (c *Composite) Complete() (Value, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spoiled || c.left > 0 {
		return Value{}, false
	}
	return compositeValue(c.alg, c.digests), true
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

// emptyDigest returns the digest of no bytes.
func emptyDigest(a Algorithm) []byte {
	if a.Parallel() {
		return make([]byte, a.Size())
	}
	return a.newHash().Sum(nil)
}
