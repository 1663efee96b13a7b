package s3test

import (
	"strconv"
	"strings"
)

// byteRange is what a request asks for of an object.
type byteRange struct {
	offset, length int64
	partial        bool // answered with 206
}

// parseRange reads a Range header for an object of size bytes. ok is false if no
// byte of the object is in the range. What S3 does not understand, several ranges
// among it, it ignores.
func parseRange(header string, size int64) (r byteRange, ok bool) {
	whole := byteRange{0, size, false}
	spec, found := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !found || !dash {
		return whole, true
	}
	if first == "" { // the last n bytes
		n, valid := digits(last)
		if !valid {
			return whole, true
		}
		n = min(n, size)
		return byteRange{size - n, n, true}, n > 0
	}
	from, valid := digits(first)
	if !valid {
		return whole, true
	}
	to := size - 1
	if last != "" {
		n, valid := digits(last)
		if !valid || n < from {
			return whole, true
		}
		to = min(to, n)
	}
	return byteRange{from, to - from + 1, true}, from < size
}

// digits parses a number without a sign. One that is too large becomes the largest.
func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, _ := strconv.ParseInt(s, 10, 64) // the largest, where it is out of range
	return n, true
}
