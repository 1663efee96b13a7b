// Package check holds the debug checks of buffer ownership.
//
// Every function is written behind `if Enabled`, a constant, so that a normal
// build carries no trace of it.
package check

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"
)

// PoisonByte fills memory that nobody owns. It is neither zero, a likely
// length nor valid UTF-8, so that it stands out wherever it turns up.
const PoisonByte = 0xDB

// poison is compared against in pieces: bytes.Equal runs at memory speed even
// under the race detector, a loop over bytes does not.
var poison = bytes.Repeat([]byte{PoisonByte}, 64<<10)

// Poison overwrites b. The caller owns b and is about to give it up.
func Poison(b []byte) {
	for len(b) > 0 {
		b = b[copy(b, poison):]
	}
}

// Spoiled returns the index of the first byte of b that is no longer poison,
// or -1. Somebody wrote there without owning b.
func Spoiled(b []byte) int {
	for off := 0; off < len(b); off += len(poison) {
		piece := b[off:min(off+len(poison), len(b))]
		if bytes.Equal(piece, poison[:len(piece)]) {
			continue
		}
		for i, c := range piece {
			if c != PoisonByte {
				return off + i
			}
		}
	}
	return -1
}

// A Site is the stack of the call that took a lease.
type Site []uintptr

// Caller returns the stack above the caller of the function that calls it.
func Caller() Site {
	pc := make([]uintptr, 16)
	return pc[:runtime.Callers(3, pc)]
}

// String formats the stack as "function file:line", a line per frame.
func (s Site) String() string {
	if len(s) == 0 {
		return "(unknown)"
	}
	var b strings.Builder
	frames := runtime.CallersFrames(s)
	for {
		f, more := frames.Next()
		if f.Function != "" {
			b.WriteString(f.Function + " " + f.File + ":" + strconv.Itoa(f.Line) + "\n")
		}
		if !more {
			return strings.TrimSuffix(b.String(), "\n")
		}
	}
}
