package mem

import (
	"slices"
	"sort"
)

// Extents is a set of byte ranges: sorted, not empty, neither overlapping nor
// touching. A download in parts keeps one per part under way.
type Extents []extent

type extent struct{ from, to int }

// End returns the end of the last extent, or 0.
func (e Extents) End() int {
	if len(e) == 0 {
		return 0
	}
	return e[len(e)-1].to
}

// Add puts [from, to) into the set.
func (e *Extents) Add(from, to int) {
	if from >= to {
		return
	}
	s := *e
	// s[i:j] are the Extents that overlap or touch the new one.
	i := sort.Search(len(s), func(i int) bool { return s[i].to >= from })
	j := i
	for j < len(s) && s[j].from <= to {
		from, to = min(from, s[j].from), max(to, s[j].to)
		j++
	}
	if j == i+1 {
		s[i] = extent{from, to} // the usual case: a part goes on
		return
	}
	*e = slices.Replace(s, i, j, extent{from, to})
}

// FillGaps calls fill for every range below end that is not in the set, and
// adds it.
func (e *Extents) FillGaps(fill func(from, to int)) {
	pos := 0
	for _, x := range *e {
		if pos < x.from {
			fill(pos, x.from)
		}
		pos = x.to
	}
	if pos > 0 {
		*e = append((*e)[:0], extent{0, pos})
	}
}

// Gaps calls f for every range below end that is not in the set.
func (e Extents) Gaps(f func(from, to int)) {
	pos := 0
	for _, x := range e {
		if pos < x.from {
			f(pos, x.from)
		}
		pos = x.to
	}
}
