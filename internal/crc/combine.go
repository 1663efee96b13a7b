package crc

import (
	"fmt"
	"hash/crc32"
	"sync"
)

// Combine returns the CRC of A followed by B, given the CRC of each and the
// number of bytes in B. It takes one multiplication for every bit set in lenB
// and does not allocate. It panics if a is not a CRC or lenB is negative.
//
// To append B to A is to multiply A's polynomial by x^(8·lenB) and to add B's.
// The initial value and the final inversion, all ones in the three CRCs, meet
// in the sum and cancel, so the finished CRCs can be used as they are.
func Combine(a Algorithm, crcA, crcB uint64, lenB int64) uint64 {
	if lenB < 0 {
		panic(fmt.Sprintf("crc: combine with a length of %d", lenB))
	}
	f := fieldOf(a)
	powers := f.powers()
	for k := 0; lenB != 0; k, lenB = k+1, lenB>>1 {
		if lenB&1 != 0 {
			crcA = f.multiply(crcA, powers[k])
		}
	}
	return crcA ^ crcB
}

// A field does arithmetic on polynomials over GF(2) modulo one of the CRCs'.
// As in the CRCs themselves the bits are reflected: the highest one is x^0.
type field struct {
	bits int
	poly uint64 // without its highest term

	// powers returns x^(8·2^k) for every k that a length can have.
	powers func() *[63]uint64
}

// fields are the CRCs' fields. Their tables are built on first use.
var fields = [...]field{
	CRC32:     newField(32, crc32.IEEE),
	CRC32C:    newField(32, crc32.Castagnoli),
	CRC64NVME: newField(64, 0x9a6c9329ac4bc9b5),
}

func fieldOf(a Algorithm) *field {
	if !a.Parallel() {
		panic("crc: " + a.String() + " is not a CRC")
	}
	return &fields[a]
}

func newField(bits int, poly uint64) field {
	f := field{bits: bits, poly: poly}
	f.powers = sync.OnceValue(func() *[63]uint64 {
		x8 := uint64(1) << (bits - 1 - 8)
		var t [63]uint64
		for k := range t {
			t[k] = x8
			x8 = f.multiply(x8, x8)
		}
		return &t
	})
	return f
}

// multiply returns a·b mod P. Masks instead of branches: the bits of a CRC are
// as good as random, and a wrong guess costs more than the step.
func (f *field) multiply(a, b uint64) uint64 {
	var product uint64
	for top := f.bits - 1; top >= 0; top-- {
		product ^= b & -(a >> top & 1)
		b = b>>1 ^ f.poly&-(b&1)
	}
	return product
}
