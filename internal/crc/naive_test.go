package crc_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
)

var (
	crcs = []crc.Algorithm{crc.CRC32, crc.CRC32C, crc.CRC64NVME}
	shas = []crc.Algorithm{crc.SHA1, crc.SHA256, crc.SHA512}
	all  = append(append([]crc.Algorithm{}, crcs...), shas...)
)

// naive computes a CRC bit by bit from its definition: reflected, starting
// with ones, inverted at the end. It shares nothing with the package.
func naive(a crc.Algorithm, p []byte) uint64 {
	poly, ones := uint64(0xedb88320), uint64(1<<32-1)
	switch a {
	case crc.CRC32C:
		poly = 0x82f63b78
	case crc.CRC64NVME:
		poly, ones = 0x9a6c9329ac4bc9b5, 1<<64-1
	}
	reg := ones
	for _, b := range p {
		reg ^= uint64(b)
		for range 8 {
			if reg&1 != 0 {
				reg = reg>>1 ^ poly
			} else {
				reg >>= 1
			}
		}
	}
	return reg ^ ones
}

// naiveDigest computes the raw digest that S3 stores.
func naiveDigest(a crc.Algorithm, p []byte) []byte {
	switch a {
	case crc.CRC32, crc.CRC32C:
		return binary.BigEndian.AppendUint32(nil, uint32(naive(a, p)))
	case crc.CRC64NVME:
		return binary.BigEndian.AppendUint64(nil, naive(a, p))
	case crc.SHA1:
		d := sha1.Sum(p)
		return d[:]
	case crc.SHA256:
		d := sha256.Sum256(p)
		return d[:]
	case crc.SHA512:
		d := sha512.Sum512(p)
		return d[:]
	}
	panic("no such algorithm")
}

// naiveFull returns the checksum of data as S3 writes it.
func naiveFull(a crc.Algorithm, data []byte) string {
	return base64.StdEncoding.EncodeToString(naiveDigest(a, data))
}

// naiveComposite returns the checksum of data in parts of the given sizes.
func naiveComposite(a crc.Algorithm, data []byte, sizes []int64) string {
	var digests []byte
	for _, n := range sizes {
		digests = append(digests, naiveDigest(a, data[:n])...)
		data = data[n:]
	}
	return fmt.Sprintf("%s-%d", naiveFull(a, digests), len(sizes))
}

// randomBytes returns n bytes.
func randomBytes(rng *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

// randomCuts cuts n bytes into up to limit pieces, none of them empty.
func randomCuts(rng *rand.Rand, n, limit int) []int64 {
	var sizes []int64
	for n > 0 {
		size := n
		if len(sizes) < limit-1 {
			size = 1 + rng.IntN(n)
		}
		sizes = append(sizes, int64(size))
		n -= size
	}
	return sizes
}

// forSeeds runs f with many generators; a failure names the seed.
func forSeeds(t *testing.T, n int, f func(t *testing.T, rng *rand.Rand)) {
	t.Helper()
	for seed := range uint64(n) {
		f(t, rand.New(rand.NewPCG(seed, 0)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
