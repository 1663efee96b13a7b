package rival

import (
	"fmt"
	"strconv"
	"strings"
)

// A Size is the number of bytes of an object.
type Size int

// DefaultSizes are the sizes that s3pool makes promises about.
func DefaultSizes() []Size { return []Size{100 << 10, 1200 << 10, 10 << 20, 32 << 20} }

// String formats s in the largest unit, K or M, of which it is a multiple.
func (s Size) String() string {
	switch {
	case s != 0 && s%(1<<20) == 0:
		return strconv.Itoa(int(s>>20)) + "M"
	case s != 0 && s%(1<<10) == 0:
		return strconv.Itoa(int(s>>10)) + "K"
	default:
		return strconv.Itoa(int(s))
	}
}

// ParseSize is the inverse of [Size.String]. K is 2^10 and M is 2^20 bytes.
func ParseSize(s string) (Size, error) {
	digits, shift := s, 0
	if d, ok := strings.CutSuffix(s, "K"); ok {
		digits, shift = d, 10
	} else if d, ok := strings.CutSuffix(s, "M"); ok {
		digits, shift = d, 20
	}
	n, err := strconv.ParseUint(digits, 10, 31-shift)
	if err != nil {
		return 0, fmt.Errorf("size %q: want a number of bytes below 2 GiB, with K or M: %w", s, err)
	}
	return Size(n << shift), nil
}
