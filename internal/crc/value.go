package crc

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// MaxParts is the number of parts that an S3 object can have.
const MaxParts = 10_000

// Value is a checksum. Two are the same checksum if they are equal with ==.
type Value struct {
	// Algorithm is None in the zero value, which is no checksum.
	Algorithm Algorithm

	// Parts is the number of parts whose digests were hashed, or zero if the
	// checksum is of the full object.
	Parts int

	digest [maxSize]byte // the first Algorithm.Size bytes
}

// strict refuses bits set behind the last byte.
var strict = base64.StdEncoding.Strict()

// Parse reads a checksum of S3's: the digest in base64, a CRC's with its
// highest byte first, and "-N" behind it if it was made of the digests of N
// parts.
func Parse(a Algorithm, s string) (Value, error) {
	if a == None || int(a) >= len(algorithms) {
		return Value{}, fmt.Errorf("%v is not an algorithm", a)
	}
	v := Value{Algorithm: a}
	text, parts, composite := strings.Cut(s, "-")
	if composite {
		if v.Parts = partCount(parts); v.Parts == 0 {
			return Value{}, fmt.Errorf("%v checksum %q: %q is not a number of parts", a, s, parts)
		}
		if a == CRC64NVME {
			return Value{}, fmt.Errorf("%v checksum %q: S3 has no composite checksum of this kind", a, s)
		}
	}
	// The decoder skips line breaks; with the length fixed they leave it
	// short of bytes.
	var src [(maxSize + 2) / 3 * 4]byte
	if len(text) != strict.EncodedLen(a.Size()) {
		return Value{}, fmt.Errorf("%v checksum %q: has %d characters, needs %d",
			a, s, len(text), strict.EncodedLen(a.Size()))
	}
	var dst [(maxSize + 2) / 3 * 3]byte
	n, err := strict.Decode(dst[:], src[:copy(src[:], text)])
	if err != nil || n != a.Size() {
		return Value{}, fmt.Errorf("%v checksum %q: is not base64", a, s)
	}
	copy(v.digest[:], dst[:n])
	return v, nil
}

// partCount reads a number of parts as S3 writes it, or returns 0.
func partCount(s string) int {
	if len(s) == 0 || len(s) > len("10000") || s[0] == '0' {
		return 0
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n = 10*n + int(s[i]-'0')
	}
	if n > MaxParts {
		return 0
	}
	return n
}

// FromCRC returns the checksum of a full object with the given CRC.
func FromCRC(a Algorithm, crc uint64) Value {
	fieldOf(a)
	v := Value{Algorithm: a}
	putCRC(v.digest[:a.Size()], crc)
	return v
}

// FromDigest returns the checksum of a full object with the given digest.
func FromDigest(a Algorithm, digest []byte) Value {
	if len(digest) != a.Size() {
		panic(fmt.Sprintf("crc: a digest of %d bytes for %v", len(digest), a))
	}
	v := Value{Algorithm: a}
	copy(v.digest[:], digest)
	return v
}

// Composite reports whether v is a checksum of the parts' checksums.
func (v Value) Composite() bool { return v.Parts > 0 }

// CRC returns the CRC in v, which must be of one.
func (v Value) CRC() uint64 {
	fieldOf(v.Algorithm)
	if v.Algorithm == CRC64NVME {
		return binary.BigEndian.Uint64(v.digest[:])
	}
	return uint64(binary.BigEndian.Uint32(v.digest[:]))
}

// String returns v as S3 writes it; Parse reads it back.
func (v Value) String() string {
	if v.Algorithm == None {
		return ""
	}
	var buf [(maxSize+2)/3*4 + len("-10000")]byte
	b := strict.AppendEncode(buf[:0], v.digest[:v.Algorithm.Size()])
	if v.Parts > 0 {
		b = strconv.AppendInt(append(b, '-'), int64(v.Parts), 10)
	}
	return string(b)
}

// putCRC writes crc into b, 4 or 8 bytes, as S3 does: the highest byte first.
func putCRC(b []byte, crc uint64) {
	if len(b) == 4 {
		binary.BigEndian.PutUint32(b, uint32(crc))
	} else {
		binary.BigEndian.PutUint64(b, crc)
	}
}
