package part

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unknown is the size of an object that a server does not tell.
const Unknown = -1

// ContentRange is what a Content-Range header says.
type ContentRange struct {
	// Range is what the body holds. It is empty in the answer to a range that
	// the object does not have (416).
	Range Range

	// Total is the size of the object, or Unknown.
	Total int64
}

// ParseContentRange reads a Content-Range header as RFC 9110, section 14.4,
// writes it: "bytes 0-9/100", "bytes 0-9/*" or "bytes */100". It accepts
// nothing else: what a server says about its bytes decides where they go.
func ParseContentRange(s string) (ContentRange, error) {
	if s == "" {
		return ContentRange{}, errors.New("the answer has no Content-Range header")
	}
	c, ok := parseContentRange(s)
	if !ok {
		return ContentRange{}, fmt.Errorf("the server sent the header %q, which is not a range of bytes", "Content-Range: "+s)
	}
	return c, nil
}

func parseContentRange(s string) (c ContentRange, ok bool) {
	s, ok = cutUnit(s, ' ')
	if !ok {
		return c, false
	}
	bytes, total, ok := strings.Cut(s, "/")
	if !ok {
		return c, false
	}
	c.Total = Unknown
	if total != "*" {
		if c.Total, ok = digits(total); !ok {
			return ContentRange{}, false
		}
	}
	if bytes == "*" {
		return c, c.Total != Unknown
	}
	first, last, ok := strings.Cut(bytes, "-")
	if !ok {
		return ContentRange{}, false
	}
	from, ok1 := digits(first)
	end, ok2 := digits(last)
	// The end of the range must be a number, too.
	if !ok1 || !ok2 || end < from || end == math.MaxInt64 || c.Total != Unknown && end >= c.Total {
		return ContentRange{}, false
	}
	c.Range = Range{from, end + 1}
	return c, true
}

// Check compares what the server sent with what it was asked for, want, out of
// an object of total bytes, or Unknown. A server may end early only where the
// object does.
func (c ContentRange) Check(want Range, total int64) error {
	if total != Unknown && c.Total != Unknown && c.Total != total {
		return fmt.Errorf("the object had %d bytes, now it has %d", total, c.Total)
	}
	if total == Unknown {
		total = c.Total
	}
	if total != Unknown {
		want.To = min(want.To, total)
	}
	if c.Range != want {
		return fmt.Errorf("asked for the bytes %v, the server sent %v", want, c.Range)
	}
	return nil
}

// String returns the header.
func (c ContentRange) String() string {
	b := append(make([]byte, 0, 64), "bytes "...)
	if c.Range.Empty() {
		b = append(b, '*')
	} else {
		b = c.Range.append(b)
	}
	b = append(b, '/')
	if c.Total == Unknown {
		return string(append(b, '*'))
	}
	return string(strconv.AppendInt(b, c.Total, 10))
}
