package crc

import (
	"hash/crc32"

	"github.com/minio/crc64nvme"
)

// Update returns the CRC of the bytes that gave crc followed by p. The CRC of
// no bytes is 0 for every algorithm; 32-bit CRCs stand in the low half.
// It does not allocate, and panics if a is not a CRC.
func Update(a Algorithm, crc uint64, p []byte) uint64 {
	switch a {
	case CRC64NVME:
		// hash/crc64 knows no SIMD for this polynomial and rebuilds 16 KB of
		// tables in every call of 2 KB or more.
		return crc64nvme.Update(crc, p)
	case CRC32:
		return uint64(crc32.Update(uint32(crc), crc32.IEEETable, p))
	case CRC32C:
		// MakeTable returns one shared table here, built on first use.
		return uint64(crc32.Update(uint32(crc), crc32.MakeTable(crc32.Castagnoli), p))
	}
	panic("crc: " + a.String() + " is not a CRC")
}
