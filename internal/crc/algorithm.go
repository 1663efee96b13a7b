package crc

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// Algorithm is a checksum algorithm of S3. The zero value is None.
//
// S3 also stores MD5 and the XXHASH family; neither can be combined, and the
// SDK does not verify them either. See Sent.Other.
type Algorithm uint8

// The algorithms that this package computes.
const (
	None      Algorithm = iota
	CRC32               // IEEE 802.3
	CRC32C              // Castagnoli
	CRC64NVME           // what S3 computes when the uploader sent nothing
	SHA1
	SHA256
	SHA512
)

// algorithms lists what S3 and the SDK call them, and the digest's bytes.
var algorithms = [...]struct {
	name string
	size int
}{
	None:      {"NONE", 0},
	CRC32:     {"CRC32", 4},
	CRC32C:    {"CRC32C", 4},
	CRC64NVME: {"CRC64NVME", 8},
	SHA1:      {"SHA1", sha1.Size},
	SHA256:    {"SHA256", sha256.Size},
	SHA512:    {"SHA512", sha512.Size},
}

// maxSize is the size of the longest digest.
const maxSize = sha512.Size

// ParseAlgorithm returns the algorithm that S3 calls name, or None and false.
func ParseAlgorithm(name string) (Algorithm, bool) {
	for a := CRC32; int(a) < len(algorithms); a++ {
		if algorithms[a].name == name {
			return a, true
		}
	}
	return None, false
}

// String returns the name that S3 and the SDK use.
func (a Algorithm) String() string {
	if int(a) >= len(algorithms) {
		return "UNKNOWN"
	}
	return algorithms[a].name
}

// Size returns the number of bytes in a digest.
func (a Algorithm) Size() int { return algorithms[a].size }

// Parallel reports whether checksums of ranges can be combined, so that ranges
// may be hashed in any order. It holds for the CRCs.
func (a Algorithm) Parallel() bool {
	return a == CRC32 || a == CRC32C || a == CRC64NVME
}

// newHash returns a hash for the algorithms that take bytes in order only.
func (a Algorithm) newHash() hash.Hash {
	switch a {
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	}
	panic("crc: " + a.String() + " is not a sequential algorithm")
}
