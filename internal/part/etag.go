package part

import (
	"errors"
	"fmt"
	"strings"
)

// ETag names one version of an object's bytes. To ask for that version again,
// send the header as it came: some stores leave the quotes out, and want it
// back like that.
type ETag struct {
	Opaque string // without quotes
	Weak   bool   // of equivalent bytes, perhaps not the same ones
}

// ParseETag reads an ETag header: `"x"`, `W/"x"`, or x as some stores write it.
func ParseETag(s string) (ETag, error) {
	if s == "" {
		return ETag{}, errors.New("the answer has no ETag header")
	}
	var t ETag
	t.Opaque, t.Weak = strings.CutPrefix(s, "W/")
	inner, opened := strings.CutPrefix(t.Opaque, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	if opened != closed || t.Weak && !opened {
		return ETag{}, fmt.Errorf("the server sent the ETag %q, which lacks a quote", s)
	}
	for i := range len(inner) {
		// etagc of RFC 9110, section 8.8.3.
		if b := inner[i]; b <= ' ' || b == '"' || b == 0x7f {
			return ETag{}, fmt.Errorf("the server sent the ETag %q, with a %q in it", s, b)
		}
	}
	t.Opaque = inner
	return t, nil
}

// Parts returns the number of parts that the object was uploaded in, or 0 if
// the ETag does not say: S3 puts "-N" behind 32 hex digits. Other stores have
// ETags of their own making, with hyphens in them.
func (t ETag) Parts() int {
	const hash = 32
	if len(t.Opaque) < hash+2 || t.Opaque[hash] != '-' || t.Opaque[hash+1] == '0' {
		return 0
	}
	for i := range hash {
		b := t.Opaque[i] | 0x20
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return 0
		}
	}
	n, ok := digits(t.Opaque[hash+1:])
	if !ok || n > MaxParts {
		return 0
	}
	return int(n)
}

// String returns the header, with quotes.
func (t ETag) String() string {
	if t.Weak {
		return `W/"` + t.Opaque + `"`
	}
	return `"` + t.Opaque + `"`
}
