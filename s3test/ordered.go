package s3test

import (
	"iter"
	"slices"
	"strings"
)

// An ordered is a set of values in their order. It is for listings: a page of a
// million keys costs what is on the page, not what is in the bucket.
type ordered[T any] struct {
	compare func(a, b T) int
	// blocks are the values, cut into pieces so that adding one moves a few. Each is
	// sorted, none is empty, and all of one come before those of the next.
	blocks [][]T
}

// maxBlock is the number of values at which a block is cut in two.
const maxBlock = 512

// block returns the index of the first block with a value that is not below v.
func (o *ordered[T]) block(v T) int {
	i, _ := slices.BinarySearchFunc(o.blocks, v, func(b []T, v T) int { return o.compare(b[len(b)-1], v) })
	return i
}

// add puts v in, unless it is there.
func (o *ordered[T]) add(v T) {
	if len(o.blocks) == 0 {
		o.blocks = [][]T{{v}}
		return
	}
	i := min(o.block(v), len(o.blocks)-1)
	b := o.blocks[i]
	at, found := slices.BinarySearchFunc(b, v, o.compare)
	if found {
		return
	}
	b = slices.Insert(b, at, v)
	o.blocks[i] = b
	if len(b) < maxBlock {
		return
	}
	if at == len(b)-1 && i == len(o.blocks)-1 { // values that come in order fill their blocks
		o.blocks[i] = b[:at:at]
		o.blocks = append(o.blocks, []T{v})
		return
	}
	half := len(b) / 2
	o.blocks[i] = b[:half:half]
	o.blocks = slices.Insert(o.blocks, i+1, slices.Clone(b[half:]))
}

// remove takes v out, if it is there.
func (o *ordered[T]) remove(v T) {
	i := o.block(v)
	if i == len(o.blocks) {
		return
	}
	at, found := slices.BinarySearchFunc(o.blocks[i], v, o.compare)
	if !found {
		return
	}
	o.blocks[i] = slices.Delete(o.blocks[i], at, at+1)
	if len(o.blocks[i]) == 0 {
		o.blocks = slices.Delete(o.blocks, i, i+1)
	}
}

// ceiling returns the least value that is not below v.
func (o *ordered[T]) ceiling(v T) (least T, ok bool) {
	i := o.block(v)
	if i == len(o.blocks) {
		return least, false
	}
	at, _ := slices.BinarySearchFunc(o.blocks[i], v, o.compare)
	return o.blocks[i][at], true
}

// all returns the values in order.
func (o *ordered[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, b := range o.blocks {
			for _, v := range b {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// behind returns the least string above all that begin with prefix. There is none
// if ok is false.
func behind(prefix string) (s string, ok bool) {
	last := len(prefix) - 1
	for last >= 0 && prefix[last] == 0xff {
		last--
	}
	if last < 0 {
		return "", false
	}
	return prefix[:last] + string([]byte{prefix[last] + 1}), true
}

// rollUp returns the common prefix under which a listing shows key, or "" if it
// shows the key itself.
func rollUp(key, prefix, delimiter string) string {
	rest, ok := strings.CutPrefix(key, prefix)
	if delimiter == "" || !ok {
		return ""
	}
	head, _, ok := strings.Cut(rest, delimiter)
	if !ok {
		return ""
	}
	return prefix + head + delimiter
}
