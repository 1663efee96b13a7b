package crc

import "slices"

// A run is a stretch of bytes hashed as one: [from, to).
type run struct {
	from, to int64
	crc      uint64
}

// runs are sorted and disjoint. Runs that touch have been joined, unless they
// belong to different parts.
type runs []run

// add puts r into the set and joins it with its neighbours inside [lo, hi),
// which r must not exceed. It returns the run that r became part of, or false
// and changes nothing if any byte of r was there already.
func (s *runs) add(a Algorithm, r run, lo, hi int64) (run, bool) {
	t := *s
	// t[i] is the first run that begins behind r's begin. Runs are few, one
	// for each range in flight, and mostly the last ones grow.
	i := len(t)
	for i > 0 && t[i-1].from >= r.from {
		i--
	}
	if i < len(t) && t[i].from < r.to || i > 0 && t[i-1].to > r.from {
		return run{}, false
	}
	begin, end := i, i // t[begin:end] gives way to r
	if i > 0 && t[i-1].to == r.from && r.from > lo {
		begin--
		r = run{t[begin].from, r.to, Combine(a, t[begin].crc, r.crc, r.to-r.from)}
	}
	if i < len(t) && t[i].from == r.to && r.to < hi {
		end++
		r = run{r.from, t[i].to, Combine(a, r.crc, t[i].crc, t[i].to-t[i].from)}
	}
	*s = slices.Replace(t, begin, end, r)
	return r, true
}

// remove takes the run that begins at from out of the set.
func (s *runs) remove(from int64) {
	for i, r := range *s {
		if r.from == from {
			*s = slices.Delete(*s, i, i+1)
			return
		}
	}
}
