package server

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// MaxSize is the size in bytes of the largest object whose bytes do not repeat.
const MaxSize = 256 << 20

// LargestSize is the size in bytes of the largest object that a range server has. Beyond
// [MaxSize] objects repeat themselves, so the server never holds more than that in memory
// (TestObjectsBeyondMaxSizeRepeat).
const LargestSize = int64(64) << 30

// Content returns the bytes of the object of that size, at most [MaxSize]. They
// do not compress, do not repeat, and are the same in every process; a smaller
// object is the beginning of a larger one. The caller owns the slice.
func Content(size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{'s', '3', 'p', 'o', 'o', 'l'}).Read(b)
	return b
}

const keyPrefix = "object-"

func objectKey(size int) string { return keyPrefix + strconv.Itoa(size) }

// objectSize is the inverse of objectKey.
func objectSize(key string) (size int, ok bool) {
	digits, ok := strings.CutPrefix(key, keyPrefix)
	if !ok {
		return 0, false
	}
	size, err := strconv.Atoi(digits)
	return size, err == nil && size >= 0 && int64(size) <= LargestSize
}
