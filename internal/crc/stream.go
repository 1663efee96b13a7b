package crc

import (
	"hash"
	"math"
)

// A Stream verifies an object whose bytes arrive in order. It takes every
// algorithm, and is for one goroutine.
type Stream struct {
	want    Value
	layout  Layout
	h       hash.Hash // unless the algorithm is a CRC
	crc     uint64    // if it is
	off     int64
	end     int64  // where the part ends
	digests []byte // of the parts before, if composite
}

// NewStream returns a Stream for an object with the given checksum. A composite
// one needs the object's layout, of as many parts as it has; for a full one the
// layout is ignored.
func NewStream(want Value, l Layout) (*Stream, error) {
	s := &Stream{want: want, end: math.MaxInt64}
	if !want.Algorithm.Parallel() {
		s.h = want.Algorithm.newHash()
	}
	if want.Composite() {
		if err := fits(want, l); err != nil {
			return nil, err
		}
		s.layout, s.end = l, l.End(0)
		s.digests = make([]byte, 0, l.Parts()*want.Algorithm.Size())
	}
	return s, nil
}

// Write hashes the next bytes of the object. It never fails.
func (s *Stream) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if s.off == s.end {
			s.nextPart()
			s.end = s.layout.End(s.off)
		}
		piece := rest[:min(int64(len(rest)), s.end-s.off)]
		if s.h != nil {
			s.h.Write(piece)
		} else {
			s.crc = Update(s.want.Algorithm, s.crc, piece)
		}
		s.off += int64(len(piece))
		rest = rest[len(piece):]
	}
	return len(p), nil
}

// nextPart stores the digest of the part that has just ended.
func (s *Stream) nextPart() {
	if s.h != nil {
		s.digests = s.h.Sum(s.digests)
		s.h.Reset()
		return
	}
	n := len(s.digests)
	s.digests = append(s.digests, make([]byte, s.want.Algorithm.Size())...)
	putCRC(s.digests[n:], s.crc)
	s.crc = 0
}

// Verify compares the checksum of what was written with the object's, of total
// bytes. Call it once, at the end. The error is a *Mismatch or ErrIncomplete.
func (s *Stream) Verify(total int64) error {
	if s.off != total || s.want.Composite() && total != s.layout.Total() {
		return ErrIncomplete
	}
	if s.want.Composite() {
		// The last part, and perhaps an empty one behind it.
		for len(s.digests) < cap(s.digests) {
			s.nextPart()
		}
		return compare(s.want, compositeValue(s.want.Algorithm, s.digests))
	}
	if s.h != nil {
		return compare(s.want, FromDigest(s.want.Algorithm, s.h.Sum(nil)))
	}
	return compare(s.want, FromCRC(s.want.Algorithm, s.crc))
}
