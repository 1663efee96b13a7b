package part

import "fmt"

// Plan cuts a range of an object into parts. They end at multiples of the part
// size, counted from the object's first byte: the same part of two downloads
// has the same bytes, and so have the parts of an upload with the same size.
// So the first one is shorter if the range begins between two multiples.
type Plan struct {
	all  Range
	size int64
}

// NewPlan cuts r into parts of size bytes.
func NewPlan(r Range, size int64) Plan {
	if r.From < 0 || r.To < r.From || size <= 0 {
		panic(fmt.Sprintf("part: cut the bytes [%d, %d) into parts of %d", r.From, r.To, size))
	}
	return Plan{all: r, size: size}
}

// Parts returns the number of parts.
func (p Plan) Parts() int64 {
	if p.all.Empty() {
		return 0
	}
	return (p.all.To-1)/p.size - p.all.From/p.size + 1
}

// Part returns part i, counted from 0.
func (p Plan) Part(i int64) Range {
	if i < 0 || i >= p.Parts() {
		panic(fmt.Sprintf("part: part %d of %d", i, p.Parts()))
	}
	from := p.all.From
	if i > 0 {
		from = (from/p.size + i) * p.size
	}
	return Range{from, p.after(from)}
}

// after returns where the part that holds the byte at off ends. In this form
// it cannot overflow, whatever the part size.
func (p Plan) after(off int64) int64 {
	return off + min(p.size-off%p.size, p.all.To-off)
}

// before returns where the part that ends at off, off > p.all.From, begins.
func (p Plan) before(off int64) int64 {
	return max(p.all.From, (off-1)/p.size*p.size)
}
