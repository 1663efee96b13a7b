// Package xio is what several packages do with a Reader or a Writer: read until a slice
// is full, write and count, look behind a bufio.Reader or Writer.
//
// None of its functions keeps a slice or a Reader after it has returned.
package xio
