package crc

import (
	"fmt"
	"math"
	"sync"
)

// Ranges puts the CRC of a full object together from the CRCs of its ranges,
// which may come in any order. Make one with NewRanges or embed one and call
// Reset. Its methods are safe for concurrent use; do not copy it.
//
// Ranges that touch are joined at once, so it holds no more entries than there
// are gaps. The lock is held for up to two calls of Combine: add what a whole
// range gave, not every read.
type Ranges struct {
	alg Algorithm

	mu      sync.Mutex
	runs    runs
	spoiled bool   // a byte was added twice
	few     [1]run // the first backing of runs: an object in one request has one
}

// NewRanges returns an empty set for a, which must be a CRC.
func NewRanges(a Algorithm) *Ranges {
	r := new(Ranges)
	r.Reset(a)
	return r
}

// Reset empties the set and makes it one for a, which must be a CRC.
func (r *Ranges) Reset(a Algorithm) {
	fieldOf(a)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alg, r.runs, r.spoiled = a, r.few[:0], false
}

// Add tells that the n bytes from offset off on have the given CRC.
//
// A byte that is added twice spoils the set for good, since nobody can tell
// which of the two copies was kept: a sum over the other one would vouch for
// bytes that nobody has hashed.
func (r *Ranges) Add(off, n int64, crc uint64) {
	mustBeRange(off, n)
	if n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.runs.add(r.alg, run{off, off + n, crc}, 0, math.MaxInt64); !ok {
		r.spoiled = true
	}
}

// Complete returns the CRC of the bytes [0, total). It is not ok if any of
// them is missing, if there are others, or if one was added twice.
func (r *Ranges) Complete(total int64) (crc uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.spoiled:
		return 0, false
	case len(r.runs) == 0:
		return 0, total == 0
	case len(r.runs) > 1 || r.runs[0].from != 0 || r.runs[0].to != total:
		return 0, false
	}
	return r.runs[0].crc, true
}

// mustBeRange panics if off and n are not a range: a bug of the caller's.
func mustBeRange(off, n int64) {
	if off < 0 || n < 0 || off > math.MaxInt64-n {
		panic(fmt.Sprintf("crc: add %d bytes at %d", n, off))
	}
}
