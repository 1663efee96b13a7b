package lfs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// MaxObjects is the number of objects in one batch.
	MaxObjects = 1000
	// MaxPath is the number of bytes in the path of a lock.
	MaxPath = 1024

	defaultLimit = 100
	maxLimit     = 1000
)

// ValidOID reports whether s is a SHA-256 as Git LFS writes it: lower case, hexadecimal.
func ValidOID(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// ValidName reports whether s can be an owner or a repository: letters, digits, and inside
// them dots, hyphens and underscores.
func ValidName(s string) bool {
	if s == "" || len(s) > 100 || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "-") {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// CheckPath reports what is wrong with the path of a lock.
func CheckPath(s string) error {
	switch {
	case s == "":
		return errors.New("the path is missing")
	case len(s) > MaxPath:
		return fmt.Errorf("the path has %d bytes; at most %d are accepted", len(s), MaxPath)
	case !utf8.ValidString(s):
		return errors.New("the path is not valid UTF-8")
	case strings.ContainsRune(s, 0):
		return errors.New("the path has a NUL in it")
	}
	return nil
}

// Cursor reads a cursor: the id of the last lock of the page before.
func Cursor(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := LockID(s)
	if err != nil {
		return 0, errors.New("the cursor is not one of ours")
	}
	return n, nil
}

// LockID reads the id of a lock.
func LockID(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("there is no lock of this id")
	}
	return n, nil
}

// Limit returns the number of locks on a page, of what was asked for.
func Limit(n int) (int, error) {
	switch {
	case n < 0:
		return 0, errors.New("the limit is negative")
	case n == 0:
		return defaultLimit, nil
	}
	return min(n, maxLimit), nil
}

// ParseLimit is Limit of a query's text. An absurdly large number is a large one.
func ParseLimit(s string) (int, error) {
	if s == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(s)
	if errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(s, "-") {
		return maxLimit, nil
	}
	if err != nil {
		return 0, errors.New("the limit is not a number")
	}
	return Limit(n)
}

// Decode reads a request. Fields that it does not know are ignored. encoding/json replaces
// what is not valid UTF-8, and lone surrogates, by U+FFFD: two paths would become one, so both
// are refused.
func Decode(data []byte, into any) error {
	data = bytes.TrimSpace(data)
	switch {
	case !utf8.Valid(data):
		return errors.New("the request is not valid UTF-8")
	case loneSurrogate(data):
		return errors.New("the request has half of a surrogate pair in it")
	}
	if err := json.Unmarshal(data, into); err != nil {
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
			return fmt.Errorf("the field %s cannot be a %s", e.Field, e.Value)
		}
		return errors.New("the request is not valid JSON")
	}
	return nil
}

// loneSurrogate looks for an escape \uD800 to \uDFFF that is not one of a pair.
func loneSurrogate(data []byte) bool {
	high := false // a first half stands right before
	for i := 0; i < len(data); {
		if data[i] != '\\' || i+1 >= len(data) {
			if high {
				return true
			}
			i++
			continue
		}
		if data[i+1] != 'u' || i+6 > len(data) {
			if high {
				return true
			}
			i += 2
			continue
		}
		n, err := strconv.ParseUint(string(data[i+2:i+6]), 16, 16)
		i += 6
		switch {
		case err != nil:
			return false // not JSON at all
		case high:
			if n < 0xdc00 || n > 0xdfff {
				return true
			}
			high = false
		case utf16.IsSurrogate(rune(n)):
			if n >= 0xdc00 {
				return true
			}
			high = true
		}
	}
	return high
}
