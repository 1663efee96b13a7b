package server

import (
	"errors"
	"strconv"
	"strings"
)

var errUnsatisfiable = errors.New("range not satisfiable")

// byteRange is the half-open interval [start, end) of an object's bytes.
type byteRange struct{ start, end int }

// contentRange formats the value of a Content-Range header.
func (r byteRange) contentRange(size int) string {
	return "bytes " + strconv.Itoa(r.start) + "-" + strconv.Itoa(r.end-1) + "/" + strconv.Itoa(size)
}

// parseRange reads a Range header for an object of that size. As S3 does, it
// ignores (ok is false) what it does not understand, several ranges included,
// and refuses with errUnsatisfiable a range that holds no byte of the object.
func parseRange(header string, size int) (r byteRange, ok bool, err error) {
	spec, isBytes := strings.CutPrefix(header, "bytes=")
	first, last, isPair := strings.Cut(spec, "-")
	if !isBytes || !isPair || (first == "" && last == "") {
		return byteRange{}, false, nil
	}
	if first == "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil {
			return byteRange{}, false, nil
		}
		if n == 0 || size == 0 {
			return byteRange{}, false, errUnsatisfiable
		}
		return byteRange{size - int(min(n, uint64(size))), size}, true, nil
	}
	start, err := strconv.ParseUint(first, 10, 63)
	if err != nil {
		return byteRange{}, false, nil
	}
	end := uint64(size)
	if last != "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil || n < start {
			return byteRange{}, false, nil
		}
		end = min(n+1, end)
	}
	if start >= uint64(size) {
		return byteRange{}, false, errUnsatisfiable
	}
	return byteRange{int(start), int(end)}, true, nil
}
