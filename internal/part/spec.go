package part

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Spec is one range as a Range header states it, before the object's size is
// known. The zero value stands for no header: the whole object.
type Spec struct {
	form specForm
	a, b int64 // as in the form
}

type specForm uint8

const (
	whole  specForm = iota // no header
	closed                 // bytes=a-b
	open                   // bytes=a-
	suffix                 // bytes=-b
)

// ParseRange reads a Range header: "bytes=a-b", "bytes=a-" or "bytes=-n". It
// takes one range only, as S3 does, and "" for no header.
func ParseRange(s string) (Spec, error) {
	if s == "" {
		return Spec{}, nil
	}
	set, ok := cutUnit(s, '=')
	if !ok {
		return Spec{}, fmt.Errorf("range %q: must begin with %q", s, "bytes=")
	}
	if strings.Contains(set, ",") {
		return Spec{}, fmt.Errorf("range %q: has several ranges, S3 takes one at a time", s)
	}
	first, last, ok := strings.Cut(set, "-")
	if !ok {
		return Spec{}, fmt.Errorf("range %q: has no %q between the first and the last byte", s, "-")
	}
	spec := Spec{form: closed}
	switch {
	case first == "":
		spec.form = suffix
	case last == "":
		spec.form = open
	}
	if spec.form != suffix {
		if spec.a, ok = digits(first); !ok {
			return Spec{}, fmt.Errorf("range %q: %q is not the number of a byte", s, first)
		}
	}
	if spec.form != open {
		if spec.b, ok = digits(last); !ok {
			return Spec{}, fmt.Errorf("range %q: %q is not a number", s, last)
		}
	}
	if spec.form == closed && spec.b < spec.a {
		return Spec{}, fmt.Errorf("range %q: the last byte comes before the first", s)
	}
	return spec, nil
}

// cutUnit cuts the unit "bytes", of any case, and sep off the front of s.
func cutUnit(s string, sep byte) (rest string, ok bool) {
	const unit = "bytes"
	if len(s) <= len(unit) || s[len(unit)] != sep || !strings.EqualFold(s[:len(unit)], unit) {
		return "", false
	}
	return s[len(unit)+1:], true
}

// Whole reports whether s stands for no header. "bytes=0-" is one: it has
// another answer, and none of the bytes of an empty object.
func (s Spec) Whole() bool { return s.form == whole }

// Resolve returns the bytes that s asks for in an object of the given size. It
// is not ok if there are none, to which servers answer 416, except that the
// whole of an empty object can be had.
func (s Spec) Resolve(size int64) (r Range, ok bool) {
	r.To = size
	switch s.form {
	case whole:
		return r, true
	case closed:
		r.From = s.a
		if s.b < size { // b+1 could overflow
			r.To = s.b + 1
		}
	case open:
		r.From = s.a
	case suffix:
		r.From = max(0, size-s.b)
	}
	if r.Empty() {
		return Range{}, false
	}
	return r, true
}

// Exact returns the bytes that s names by first and last byte, if it does.
func (s Spec) Exact() (r Range, ok bool) {
	if s.form != closed || s.b == math.MaxInt64 {
		return Range{}, false
	}
	return Range{s.a, s.b + 1}, true
}

// String returns the header, or "" for none.
func (s Spec) String() string {
	if s.form == whole {
		return ""
	}
	b := append(make([]byte, 0, 64), "bytes="...)
	if s.form != suffix {
		b = strconv.AppendInt(b, s.a, 10)
	}
	b = append(b, '-')
	if s.form != open {
		b = strconv.AppendInt(b, s.b, 10)
	}
	return string(b)
}
