package crc

import (
	"fmt"
	"math"
	"slices"
)

// Layout says where the parts of an object begin and end. The zero value has
// no parts: it stands for an object whose parts do not matter.
type Layout struct {
	parts int
	total int64
	size  int64   // of every part but the last, if ends is nil
	ends  []int64 // of every part, if they differ
}

// EqualParts returns the layout of total bytes in parts of partSize bytes, the
// last one shorter where that does not come out even. It fails if that does
// not make the given number of parts.
//
// That the number fits is no proof: parts of 8, 5 and 8 bytes look like 8, 8
// and 5. Before it calls an object corrupt, a caller that has guessed from the
// first part's size must make sure, and verify with PartSizes if it was wrong.
func EqualParts(total, partSize int64, parts int) (Layout, error) {
	if total < 0 || partSize < 0 || partSize == 0 && total > 0 || parts < 1 || parts > MaxParts {
		return Layout{}, fmt.Errorf("%d bytes in %d parts of %d bytes are not an object", total, parts, partSize)
	}
	count := int64(1) // an empty object has one part, with nothing in it
	if total > 0 {
		count = (total-1)/partSize + 1
	}
	if count != int64(parts) {
		return Layout{}, fmt.Errorf("%d bytes in parts of %d bytes make %d parts, not %d: the parts differ in size",
			total, partSize, count, parts)
	}
	return Layout{parts: parts, total: total, size: partSize}, nil
}

// PartSizes returns the layout of parts of the given sizes. Only the last one
// may be empty.
func PartSizes(sizes []int64) (Layout, error) {
	if len(sizes) < 1 || len(sizes) > MaxParts {
		return Layout{}, fmt.Errorf("an object cannot have %d parts", len(sizes))
	}
	l := Layout{parts: len(sizes), ends: make([]int64, len(sizes))}
	for i, n := range sizes {
		if n < 0 || n == 0 && i < len(sizes)-1 || n > math.MaxInt64-l.total {
			return Layout{}, fmt.Errorf("part %d of %d cannot have %d bytes", i+1, len(sizes), n)
		}
		l.total += n
		l.ends[i] = l.total
	}
	return l, nil
}

// Parts returns the number of parts.
func (l Layout) Parts() int { return l.parts }

// Total returns the number of bytes in all parts.
func (l Layout) Total() int64 { return l.total }

// Part returns where part i begins, counted from 0, and its number of bytes.
func (l Layout) Part(i int) (off, n int64) {
	if i < 0 || i >= l.parts {
		panic(fmt.Sprintf("crc: part %d of %d", i, l.parts))
	}
	if l.ends == nil {
		off = int64(i) * l.size
		return off, min(l.size, l.total-off)
	}
	if i > 0 {
		off = l.ends[i-1]
	}
	return off, l.ends[i] - off
}

// Index returns the part that holds the byte at off, counted from 0, or -1 if
// there is none.
func (l Layout) Index(off int64) int {
	switch {
	case off < 0 || off >= l.total:
		return -1
	case l.ends == nil:
		return int(off / l.size)
	}
	// The first part that ends behind off; an empty last one never does.
	i, _ := slices.BinarySearch(l.ends, off+1)
	return i
}

// End returns where the part that holds the byte at off ends: a range that
// begins at off is hashed up to there, and the rest on its own. Without parts,
// and outside of the object, that is never.
func (l Layout) End(off int64) int64 {
	i := l.Index(off)
	if i < 0 {
		return math.MaxInt64
	}
	from, n := l.Part(i)
	return from + n
}
