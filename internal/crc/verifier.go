package crc

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrIncomplete is the error of Verify if not every byte of the object was
// hashed exactly once: a bug of the caller's, not damage to the object.
var ErrIncomplete = errors.New("not every byte was hashed exactly once")

// Mismatch is the error of Verify if the bytes are not those that the checksum
// was made of.
type Mismatch struct {
	Want, Got Value
}

// Error names both checksums.
func (m *Mismatch) Error() string {
	return fmt.Sprintf("%v checksum mismatch: the store says %v, the bytes received give %v",
		m.Want.Algorithm, m.Want, m.Got)
}

// compare returns a *Mismatch if the two differ.
func compare(want, got Value) error {
	if want != got {
		return &Mismatch{Want: want, Got: got}
	}
	return nil
}

// A Verifier verifies an object that arrives in ranges, in any order. Every
// goroutine that fetches a range hashes it with a Cursor of its own.
type Verifier struct {
	want     Value
	full     Ranges    // unless composite
	granules *Granules // if composite
}

// NewVerifier returns a Verifier for an object of total bytes with the given checksum,
// which must be of a CRC. Only a composite one needs to know the total.
func NewVerifier(want Value, total int64) (*Verifier, error) {
	if !want.Algorithm.Parallel() {
		return nil, fmt.Errorf("%v takes bytes in order only", want.Algorithm)
	}
	v := &Verifier{want: want}
	if !want.Composite() {
		v.full.Reset(want.Algorithm)
		return v, nil
	}
	if total < 0 {
		return nil, errors.New("the object's size is not known")
	}
	v.granules = NewGranules(want.Algorithm, total, want.Parts)
	return v, nil
}

// fits checks that a composite checksum is one of the layout's parts.
func fits(want Value, l Layout) error {
	if l.Parts() != want.Parts {
		return fmt.Errorf("%v checksum %v is of %d parts, the object's layout has %d",
			want.Algorithm, want, want.Parts, l.Parts())
	}
	return nil
}

// Range returns a Cursor for the range that begins at off.
func (v *Verifier) Range(off int64) Cursor {
	return Cursor{v: v, from: off, off: off, end: v.end(off)}
}

func (v *Verifier) end(off int64) int64 {
	if v.granules != nil {
		return v.granules.end(off)
	}
	return math.MaxInt64
}

// Verify compares the checksum of the bytes [0, total) with the full object's, once
// all cursors have been flushed. The error is a *Mismatch or ErrIncomplete.
func (v *Verifier) Verify(total int64) error {
	crc, ok := v.full.Complete(total)
	if !ok || v.want.Composite() {
		return ErrIncomplete
	}
	return compare(v.want, FromCRC(v.want.Algorithm, crc))
}

// VerifyParts is Verify for a composite checksum, of the parts of l. Where those end
// inside a granule, it reads bytes again from src, which may be nil. The error is a
// *Mismatch if the object is damaged; others, such as ErrIncomplete and ErrUnaligned, do not
// tell anything about it.
func (v *Verifier) VerifyParts(l Layout, src io.ReaderAt) error {
	if !v.want.Composite() {
		return errors.New("the checksum is of the full object, not of its parts")
	}
	if err := fits(v.want, l); err != nil {
		return err
	}
	got, err := v.granules.Composite(l, src)
	if err != nil {
		return err
	}
	return compare(v.want, got)
}

// add passes on a run that does not cross the end of a granule.
func (v *Verifier) add(off, n int64, crc uint64) {
	if v.granules != nil {
		v.granules.add(off, n, crc)
	} else {
		v.full.Add(off, n, crc)
	}
}

// A Cursor hashes one range as its bytes arrive, for one goroutine. If the body
// breaks and another continues behind the last byte, so does the cursor. The
// zero value hashes nothing, for a transfer that is not verified.
type Cursor struct {
	v         *Verifier
	from, off int64 // hashed, but not yet passed on
	end       int64 // where the granule ends
	crc       uint64
}

// Write hashes the next bytes of the range. They must be bytes that the caller
// keeps: they cannot be taken back. It never fails and does not allocate.
func (c *Cursor) Write(p []byte) (int, error) {
	if c.v == nil {
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		if c.off == c.end {
			c.Flush()
			c.end = c.v.end(c.off)
		}
		piece := rest[:min(int64(len(rest)), c.end-c.off)]
		c.crc = Update(c.v.want.Algorithm, c.crc, piece)
		c.off += int64(len(piece))
		rest = rest[len(piece):]
	}
	return len(p), nil
}

// Flush passes what was hashed on to the Verifier. Call it when the range ends;
// the cursor may go on behind it.
func (c *Cursor) Flush() {
	if c.v == nil || c.from == c.off {
		return
	}
	c.v.add(c.from, c.off-c.from, c.crc)
	c.from, c.crc = c.off, 0
}
