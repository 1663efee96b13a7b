package part

import (
	"fmt"
	"strconv"
)

// Range is the bytes of an object from From up to, but not including, To.
type Range struct {
	From, To int64
}

// Len returns the number of bytes.
func (r Range) Len() int64 { return r.To - r.From }

// Empty reports whether there is no byte in r.
func (r Range) Empty() bool { return r.From >= r.To }

// Header returns the Range header that asks for r, which must not be empty:
// HTTP has no words for that.
func (r Range) Header() string {
	if r.From < 0 || r.Empty() {
		panic(fmt.Sprintf("part: ask for the bytes [%d, %d)", r.From, r.To))
	}
	var buf [len("bytes=") + 2*len("9223372036854775807") + 1]byte
	b := append(buf[:0], "bytes="...)
	return string(r.append(b))
}

// String returns r as HTTP writes it, the last byte included.
func (r Range) String() string {
	if r.Empty() {
		return "none"
	}
	return string(r.append(nil))
}

func (r Range) append(b []byte) []byte {
	b = strconv.AppendInt(b, r.From, 10)
	b = append(b, '-')
	return strconv.AppendInt(b, r.To-1, 10)
}
