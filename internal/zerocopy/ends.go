package zerocopy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/s3pool/s3pool/internal/xio"
)

func sourceOf(src io.Reader) source {
	switch r := src.(type) {
	case *bufio.Reader:
		behind := xio.ReaderBehind(r)
		switch sourceOf(behind) {
		case fromFile, fromConn:
			return fromBufioFD
		case fromPlain:
			if misleads(behind) {
				return fromBufioOwn
			}
		case fromBufioOwn:
			return fromBufioOwn
		}
		return fromBufio
	case *os.File:
		return fromFile
	case *io.SectionReader:
		if fileOf(r) != nil {
			return fromFile
		}
	case *io.LimitedReader:
		switch r := r.R.(type) {
		case *os.File:
			return fromFile
		case *io.SectionReader:
			if fileOf(r) != nil {
				return fromFile
			}
		case *net.TCPConn:
			return fromConn
		case *net.UnixConn:
			if isStream(r) {
				return fromConn
			}
		}
	case *net.TCPConn:
		return fromConn
	case *net.UnixConn:
		if isStream(r) {
			return fromConn
		}
	case io.WriterTo:
		if !xio.Misleads(r, xio.WriteTo) {
			return fromWriter
		}
	}
	return fromPlain
}

// misleads reports whether net and os, in a ReadFrom, would ask src for what is not its own.
func misleads(src io.Reader) bool {
	if _, ok := src.(io.WriterTo); ok && xio.Misleads(src, xio.WriteTo) {
		return true
	}
	_, ok := src.(syscall.Conn)
	return ok && xio.Misleads(src, xio.ReadConn)
}

func sinkOf(dst io.Writer) sink {
	switch w := dst.(type) {
	case *net.TCPConn:
		return toTCP
	case *os.File:
		return toFile
	case *bufio.Writer:
		return toBufio
	case *bytes.Buffer:
		return toReader
	case *net.UnixConn:
		return toRaw
	case io.ReaderFrom:
		if w == discard {
			return toReader
		}
		if isResponse(w) {
			return toHTTP
		}
		if xio.Misleads(w, xio.ReadFrom) {
			return toOwn
		}
		return toReader
	case syscall.Conn:
		if xio.Misleads(w, xio.WriteConn) {
			return toOwn
		}
		return toRaw
	}
	return toPlain
}

// fileOf returns the file that r is a section of, or nil.
func fileOf(r *io.SectionReader) *os.File {
	at, _, _ := r.Outer()
	f, _ := at.(*os.File)
	return f
}

func isStream(c *net.UnixConn) bool {
	a := c.LocalAddr()
	return a != nil && a.Network() == "unix"
}
