package zerocopy

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"syscall"
)

// sendfile has the kernel send a file, or a part of it, down a connection. net
// does it too, at the price of some small allocations, and for an io.SectionReader
// not at all.
func (z copier) sendfile(c *net.TCPConn, src io.Reader) (int64, error) {
	s := spanOf(src)
	n, err := s.send(c)
	s.advance(n)
	if err != errUnsupported {
		return n, s.sendError(c, err)
	}
	m, err := z.pump(c, src)
	return n + m, err
}

// splice has the kernel move bytes from a connection to another. net does it well.
func (z copier) splice(c *net.TCPConn, src io.Reader) (int64, error) {
	return c.ReadFrom(src)
}

// A span is the part of a file that a source stands for.
type span struct {
	file    *os.File
	off     int64 // where it begins, for a section
	n       int64 // its bytes, math.MaxInt64 for all there are
	limit   *io.LimitedReader
	section *io.SectionReader // nil: it begins at the file's own offset, and moves it
}

// spanOf returns the span of src, which is fromFile.
func spanOf(src io.Reader) span {
	s := span{n: math.MaxInt64}
	if l, ok := src.(*io.LimitedReader); ok {
		s.limit, s.n = l, max(l.N, 0)
		src = l.R
	}
	if r, ok := src.(*io.SectionReader); ok {
		_, base, _ := r.Outer()
		pos, _ := r.Seek(0, io.SeekCurrent)
		s.section, s.file, s.off = r, fileOf(r), base+pos
		s.n = min(s.n, max(r.Size()-pos, 0))
		return s
	}
	s.file = src.(*os.File)
	return s
}

// advance moves the readers of the span as n bytes read would have.
func (s *span) advance(n int64) {
	if s.limit != nil {
		s.limit.N -= n
	}
	if s.section != nil {
		s.section.Seek(n, io.SeekCurrent)
	}
}

// errUnsupported is sendfile's answer to a pair of descriptors that it cannot
// serve. It has no effect on either, and may come after some bytes.
var errUnsupported = errors.New("no sendfile here")

// sendError returns err in the words of io.Copy: a file writes itself out, a
// connection reads from anything else.
func (s *span) sendError(c *net.TCPConn, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError("sendfile", errno)
	}
	if err == nil || s.limit != nil || s.section != nil {
		return opError("readfrom", c, err)
	}
	return &os.PathError{Op: "read", Path: s.file.Name(), Err: err}
}

// send sends the span and returns the bytes sent.
//
// A section is read at an offset of ours, next to whoever else uses the file. The
// file's own offset is used under its read lock, as Read does.
//
// The methods of the two RawConns are called on variables of known type in the
// function that made them, here and in sendTo: only so does the compiler see that
// neither RawConn nor closure outlives the call, and leaves them on the stack.
func (s *span) send(c *net.TCPConn) (sent int64, err error) {
	rc, err := s.file.SyscallConn()
	if err != nil {
		return 0, errUnsupported // Read says what is wrong with the file
	}
	ran := false
	if s.section != nil {
		off := s.off
		rc.Control(func(fd uintptr) {
			ran = true
			sent, err = sendTo(c, int(fd), &off, s.n)
		})
	} else {
		rc.Read(func(fd uintptr) bool {
			ran = true
			sent, err = sendTo(c, int(fd), nil, s.n)
			return true
		})
	}
	if !ran {
		return 0, errUnsupported
	}
	return sent, err
}

// maxChunk is the most that is asked of one call: within an int32, and a multiple
// of the page size. The kernel's own limit is 2 GiB less a page.
const maxChunk = 1 << 30

// sendTo sends n bytes of in, or what there is, to c. It waits for room in the
// poller, within c's write deadline, and holds c's write lock throughout, so that
// nobody's bytes come in between.
func sendTo(c *net.TCPConn, in int, off *int64, n int64) (sent int64, err error) {
	rc, err := c.SyscallConn()
	if err != nil {
		return 0, errUnsupported
	}
	ran := false
	werr := rc.Write(func(out uintptr) bool {
		ran = true
		for sent < n {
			var m int
			m, err = syscall.Sendfile(int(out), in, off, int(min(n-sent, maxChunk)))
			if m > 0 {
				sent += int64(m)
			}
			switch err {
			case nil:
				if m == 0 {
					return true // the end of the file
				}
			case syscall.EINTR:
			case syscall.EAGAIN:
				err = nil
				return false
			case syscall.EINVAL, syscall.ENOSYS, syscall.EOPNOTSUPP,
				syscall.EOVERFLOW: // a section at the end of all offsets
				err = errUnsupported
				return true
			default:
				return true
			}
		}
		return true
	})
	if !ran {
		return 0, errUnsupported // closed, or the deadline is past: Write says it best
	}
	if err == nil && werr != nil {
		err = innerError(werr) // closed or out of time while waiting
	}
	return sent, err
}

// innerError returns what is in the error of a RawConn: net's name for what we did,
// raw-read or raw-write, is of no use to anybody.
func innerError(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
