package zerocopy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"strings"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/xio"
)

// Copy copies src to dst until EOF or an error and returns what [io.Copy] returns. Its
// buffer, where it needs one, is a scratch block of blocks.
//
// io.Copy takes 20 to 80 ns from memory to memory. So sources and destinations that do the
// work by themselves, in one step and with nothing behind them, are known by their types
// before anything else is looked at.
func Copy(blocks *mem.Pool, dst io.Writer, src io.Reader) (int64, error) {
	switch r := src.(type) {
	case *bytes.Reader:
		return r.WriteTo(dst)
	case *bytes.Buffer:
		return r.WriteTo(dst)
	case *strings.Reader:
		return r.WriteTo(dst)
	case *bufio.Reader:
		if isBetweenPlain(dst, r) {
			return r.WriteTo(dst)
		}
	default:
		if r := toMemory(dst, src); r != nil {
			return r.ReadFrom(src)
		}
	}
	return copier{blocks}.copy(dst, src)
}

// toMemory returns dst if it asks src for nothing but Read, into memory of its own, and
// io.Copy would let it.
func toMemory(dst io.Writer, src io.Reader) io.ReaderFrom {
	var into io.ReaderFrom
	switch w := dst.(type) {
	case *bytes.Buffer:
		into = w
	case *bufio.Writer:
		if behind := xio.WriterBehind(w); behind == nil {
			return nil
		} else if _, ok := behind.(io.ReaderFrom); ok {
			return nil
		}
		into = w
	default:
		if dst != io.Discard {
			return nil
		}
		into = discard
	}
	if _, ok := src.(io.WriterTo); ok {
		return nil
	}
	return into
}

var discard = io.Discard.(io.ReaderFrom)

// isBetweenPlain reports whether br.WriteTo(dst) asks what is behind br, and dst, for nothing
// but Read and Write. What is behind a Unix connection is better read in larger pieces.
func isBetweenPlain(dst io.Writer, br *bufio.Reader) bool {
	behind := xio.ReaderBehind(br)
	if behind == nil {
		return false
	}
	if _, ok := behind.(io.WriterTo); ok {
		return false
	}
	if _, ok := behind.(*net.UnixConn); ok {
		return false
	}
	if _, ok := dst.(io.ReaderFrom); ok {
		return toMemory(dst, behind) != nil
	}
	return true
}

// Pump copies through a scratch block, and asks the ends for nothing but Read and Write.
func Pump(blocks *mem.Pool, dst io.Writer, src io.Reader) (int64, error) {
	return copier{blocks}.pump(dst, src)
}

// A copier is where a copy borrows its buffer.
type copier struct{ blocks *mem.Pool }

// A source is what can be done with the reading end.
type source int

const (
	fromPlain    source = iota // Read is all there is: a TLS connection, an S3 body
	fromFile                   // a file, or a LimitedReader or SectionReader on one
	fromConn                   // a TCP or Unix stream, or a LimitedReader on one
	fromBufio                  // buffered bytes, then a source that is neither of these two
	fromBufioFD                // buffered bytes, then one that is
	fromBufioOwn               // buffered bytes, then one whose WriteTo is not to be asked
	fromWriter                 // another WriterTo: a bytes.Reader, a caller's own
	numSources
)

// A sink is what can be done with the writing end.
type sink int

const (
	toPlain  sink = iota // Write is all there is: a TLS connection
	toOwn                // Write is its own, and what else it has is not
	toRaw                // the same, on a descriptor: a Unix connection
	toReader             // another ReaderFrom: io.Discard, a bytes.Buffer, a caller's own
	toTCP
	toFile
	toHTTP  // net/http's response
	toBufio // once flushed, another sink
	numSinks
)

// A way is how the bytes get across.
type way int

const (
	pump         way = iota // through a borrowed buffer
	writeTo                 // src.WriteTo(dst), as io.Copy does, or else pump
	readFrom                // dst.ReadFrom(src), as io.Copy does
	sendfile                // file to connection in the kernel
	splice                  // connection to connection in the kernel
	spliceToFile            // connection to file in the kernel
	copyRange               // file to file in the kernel
	respond                 // the head by pump, the rest by ReadFrom if that helps
	through                 // flush, then copy to what is behind the bufio.Writer
	drain                   // the buffered bytes, then copy what is behind the bufio.Reader
)

// ways is the decision.
//
// io.Copy knows one order: the source's WriteTo, then the destination's ReadFrom.
// It is right for types we do not know, the last row and the toReader column. The
// methods of os.File, net.TCPConn and net/http's response, though, fall back to a
// generic copy that makes 32 KiB of garbage when the other end is not to their
// liking, and a buffer given to io.CopyBuffer does not reach it. And a bufio.Reader
// or Writer between two ends hides each from the other. So these types are asked
// only where there is a short cut to be had.
//
// A method that a type got from something it embeds is not asked if the type has a Read
// or Write of its own, which the method would pass by: see xio.Misleads.
var ways = [numSources][numSinks]way{
	fromPlain:    {toPlain: pump, toOwn: pump, toRaw: pump, toReader: readFrom, toTCP: pump, toFile: pump, toHTTP: pump, toBufio: through},
	fromFile:     {toPlain: pump, toOwn: pump, toRaw: writeTo, toReader: readFrom, toTCP: sendfile, toFile: copyRange, toHTTP: respond, toBufio: through},
	fromConn:     {toPlain: pump, toOwn: pump, toRaw: writeTo, toReader: readFrom, toTCP: splice, toFile: spliceToFile, toHTTP: respond, toBufio: through},
	fromBufio:    {toPlain: writeTo, toOwn: drain, toRaw: writeTo, toReader: writeTo, toTCP: drain, toFile: drain, toHTTP: drain, toBufio: drain},
	fromBufioFD:  {toPlain: drain, toOwn: drain, toRaw: writeTo, toReader: writeTo, toTCP: drain, toFile: drain, toHTTP: drain, toBufio: drain},
	fromBufioOwn: {toPlain: drain, toOwn: drain, toRaw: drain, toReader: drain, toTCP: drain, toFile: drain, toHTTP: drain, toBufio: drain},
	fromWriter:   {toPlain: writeTo, toOwn: writeTo, toRaw: writeTo, toReader: writeTo, toTCP: writeTo, toFile: writeTo, toHTTP: writeTo, toBufio: writeTo},
}

// copy goes one of the ways and puts the error in the words of io.Copy, which
// would have asked a connection to write itself out.
func (z copier) copy(dst io.Writer, src io.Reader) (int64, error) {
	n, err := z.route(dst, src)
	if c, ok := src.(*net.TCPConn); ok {
		if op, ok := err.(*net.OpError); !ok || op.Op != "writeto" { // it has been asked
			err = opError("writeto", c, err)
		}
	}
	return n, err
}

func (z copier) route(dst io.Writer, src io.Reader) (int64, error) {
	from := sourceOf(src)
	if from == fromWriter {
		return z.take(writeTo, dst, src) // the whole row: no need to look at dst
	}
	return z.take(ways[from][sinkOf(dst)], dst, src)
}

// take goes the way w.
func (z copier) take(w way, dst io.Writer, src io.Reader) (int64, error) {
	switch w {
	case writeTo:
		if src, ok := src.(io.WriterTo); ok {
			return src.WriteTo(dst)
		}
	case readFrom:
		if misleads(src) {
			src = xio.OnlyRead(src)
		}
		return dst.(io.ReaderFrom).ReadFrom(src)
	case sendfile:
		return z.sendfile(dst.(*net.TCPConn), src)
	case splice:
		return z.splice(dst.(*net.TCPConn), src)
	case spliceToFile:
		return z.spliceToFile(dst.(*os.File), src)
	case copyRange:
		return z.copyRange(dst.(*os.File), src)
	case respond:
		return z.respond(dst.(response), src)
	case through:
		return z.through(dst.(*bufio.Writer), src)
	case drain:
		return z.drain(dst, src.(*bufio.Reader))
	}
	return z.pump(dst, src)
}

// pumpSize is what one Read is offered. It is io.Copy's own: a datagram is cut to the room
// that its reader has, and leaves again as one of that size. 64 KiB would gain a tenth into
// files and lose as much into connections, where the peer has nothing to do while a piece
// is being read.
const pumpSize = mem.ScratchSize

// pump copies through a borrowed buffer and asks the ends for nothing but Read and
// Write.
func (z copier) pump(dst io.Writer, src io.Reader) (int64, error) {
	n, _, err := z.pumpMax(dst, src, -1)
	if c, ok := dst.(*net.TCPConn); ok {
		err = opError("readfrom", c, err) // the words of the ReadFrom that was not asked
	}
	return n, err
}

// pumpMax is pump for most bytes at most, or all if that is negative. It reports whether
// it stopped before the end of src.
//
// Slices end where their bytes do: what is behind them in the block was somebody else's.
// A Read that counts more than it was given panics here, as in io.Copy.
func (z copier) pumpMax(dst io.Writer, src io.Reader, most int64) (written int64, more bool, err error) {
	b := z.blocks.Borrow()
	defer z.blocks.GiveBack(b)
	size, empty := pumpSize, 0
	for written != most {
		if most >= 0 {
			size = int(min(pumpSize, most-written))
		}
		piece := b.Bytes()[:size:size]
		nr, er := src.Read(piece)
		if nr > 0 {
			nw, ew := xio.Write(dst, piece[:nr])
			written += int64(nw)
			if ew != nil {
				return written, false, ew
			}
			empty = 0
		} else if empty++; empty == xio.MaxEmptyReads && er == nil {
			er = io.ErrNoProgress
		}
		if er == io.EOF {
			return written, false, nil
		}
		if er != nil {
			return written, false, er
		}
	}
	return written, true, nil
}

// opError returns err as c's ReadFrom and WriteTo do.
func opError(op string, c *net.TCPConn, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	addr := c.LocalAddr()
	if addr == nil {
		return err // not a connection at all
	}
	return &net.OpError{Op: op, Net: addr.Network(), Source: addr, Addr: c.RemoteAddr(), Err: err}
}
