package crc

import "hash"

// A Sum makes the checksum of bytes that come in order, with any algorithm. It is
// for one goroutine.
type Sum struct {
	a   Algorithm
	h   hash.Hash // nil for a CRC
	crc uint64
}

// NewSum returns the sum of no bytes. The algorithm must not be None.
func NewSum(a Algorithm) *Sum {
	s := &Sum{a: a}
	if !a.Parallel() {
		s.h = a.newHash()
	}
	return s
}

// Write hashes p. It never fails.
func (s *Sum) Write(p []byte) (int, error) {
	if s.h != nil {
		s.h.Write(p)
	} else {
		s.crc = Update(s.a, s.crc, p)
	}
	return len(p), nil
}

// Value returns the checksum of what has been written.
func (s *Sum) Value() Value {
	if s.h != nil {
		return FromDigest(s.a, s.h.Sum(nil))
	}
	return FromCRC(s.a, s.crc)
}
