package zerocopy

import (
	"cmp"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"

	"github.com/s3pool/s3pool/internal/xio"
)

// spliceToFile has the kernel move bytes from a connection into a file. os does it
// too, at the price of an allocation to find the descriptor.
func (z copier) spliceToFile(f *os.File, src io.Reader) (int64, error) {
	n, c := int64(math.MaxInt64), src
	limit, ok := src.(*io.LimitedReader)
	if ok {
		n, c = limit.N, limit.R
	}
	if n <= 0 {
		return 0, nil
	}
	if n <= spliceFrom {
		// Two calls either way, and Read and Write serve every kind of file.
		moved, err := z.pump(f, src)
		if op, ok := err.(*net.OpError); ok && op.Op == "read" && !opensToAppend(f) {
			err = fileError("splice", f, errnoIn(op.Err)) // in the words of os, which would splice
		}
		return moved, err
	}
	if opensToAppend(f) {
		return z.pump(f, src) // splice refuses these when it is too late
	}
	moved, err := z.spliceAll(f, c, n)
	if limit != nil {
		limit.N -= moved
	}
	if err == errUnsupported {
		m, err := z.pump(f, src)
		return moved + m, err
	}
	return moved, err
}

// opensToAppend reports whether f is open for appending.
func opensToAppend(f *os.File) (yes bool) {
	if rc, err := f.SyscallConn(); err == nil {
		rc.Control(func(fd uintptr) { yes = appends(int(fd)) })
	}
	return yes
}

// spliceFrom is the bytes above which it pays to ask a file whether it can be spliced into.
const spliceFrom = 8 << 10

// errnoIn returns the error of the system call in an error of a connection's Read.
func errnoIn(err error) error {
	if call, ok := err.(*os.SyscallError); ok {
		return call.Err
	}
	return err
}

// spliceAll moves n bytes, or what comes before EOF. If the error is errUnsupported the
// copy can go on in another way.
func (z copier) spliceAll(f *os.File, c io.Reader, n int64) (moved int64, err error) {
	p, _ := pipes.Get().(*pipe)
	if p == nil {
		return 0, errUnsupported // no descriptors to be had
	}
	for moved < n {
		switch c := c.(type) {
		case *net.TCPConn:
			p.fillTCP(c, int(min(n-moved, pipeSize)))
		case *net.UnixConn:
			p.fillUnix(c, int(min(n-moved, pipeSize)))
		}
		if p.held == 0 {
			err := p.err
			pipes.Put(p)
			if err != errUnsupported {
				err = fileError("splice", f, err)
			}
			return moved, err
		}
		in := p.held
		p.empty(f)
		moved += int64(in - p.held)
		if p.err == errUnsupported {
			m, err := z.rescue(f, p)
			if p.held > 0 {
				p.close()
			} else {
				pipes.Put(p)
			}
			return moved + m, cmp.Or(err, errUnsupported)
		}
		if p.err != nil {
			p.close() // nobody else may find what is left in it
			return moved, fileError("splice", f, p.err)
		}
	}
	pipes.Put(p)
	return moved, nil
}

// rescue writes what p holds to f: a terminal or a device that cannot be spliced into, or
// a file that has been closed, of which Write has the most to say.
func (z copier) rescue(f *os.File, p *pipe) (written int64, err error) {
	b := z.blocks.Borrow()
	defer z.blocks.GiveBack(b)
	for p.held > 0 {
		piece := b.Bytes()
		n, err := syscall.Read(p.ends.r, piece[:min(p.held, len(piece))])
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 {
			return written, fileError("read", f, err)
		}
		p.held -= n
		m, err := xio.Write(f, piece[:n])
		written += int64(m)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// pipeSize is what is asked of the kernel for one pipe, and its usual limit.
const pipeSize = 1 << 20

// A pipe is what splice needs between two descriptors. It is empty in the pool. The
// collector closes what it takes from there.
type pipe struct {
	ends    pipeEnds
	held    int   // bytes
	err     error // of the last fill or empty
	cleanup runtime.Cleanup
}

type pipeEnds struct{ r, w int }

func (e pipeEnds) close() {
	syscall.Close(e.r)
	syscall.Close(e.w)
}

// pipes holds *pipe. New returns nil if the process has too many files open.
var pipes = sync.Pool{New: func() any {
	var fds [2]int
	if syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK) != nil {
		return nil
	}
	// A smaller pipe works too.
	syscall.Syscall(syscall.SYS_FCNTL, uintptr(fds[0]), syscall.F_SETPIPE_SZ, pipeSize)
	p := &pipe{ends: pipeEnds{fds[0], fds[1]}}
	p.cleanup = runtime.AddCleanup(p, pipeEnds.close, p.ends)
	return p
}}

func (p *pipe) close() {
	p.cleanup.Stop()
	p.ends.close()
}

// The flags of splice: pages move rather than being copied if they can, and the
// pipe does not block. Package syscall has no names for them.
const spliceFlags = 1 | 2

// fillTCP moves up to most bytes from c into p, which is empty. It waits in the poller
// for the first, within c's read deadline, and there are none at EOF or on error.
//
// As in send, the RawConn must stay a variable of this function.
func (p *pipe) fillTCP(c *net.TCPConn, most int) {
	p.held, p.err = 0, errUnsupported
	rc, err := c.SyscallConn()
	if err != nil {
		return // Read says what is wrong with it
	}
	err = rc.Read(func(fd uintptr) bool { return p.take(int(fd), most) })
	if err != nil {
		p.err = innerError(err) // closed or out of time
	}
}

// fillUnix is fillTCP for a Unix stream.
func (p *pipe) fillUnix(c *net.UnixConn, most int) {
	p.held, p.err = 0, errUnsupported
	rc, err := c.SyscallConn()
	if err != nil {
		return
	}
	err = rc.Read(func(fd uintptr) bool { return p.take(int(fd), most) })
	if err != nil {
		p.err = innerError(err)
	}
}

// take is false if there is nothing to take yet.
func (p *pipe) take(fd, most int) bool {
	for {
		m, err := splice2(fd, p.ends.w, most)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		case syscall.EINVAL, syscall.ENOSYS:
			err = errUnsupported
		}
		p.held, p.err = int(max(m, 0)), err
		return true
	}
}

// empty moves what p holds into f, at its offset and under its write lock. What it could
// not move is still held. The error is errUnsupported where a Write may do better.
func (p *pipe) empty(f *os.File) {
	p.err = errUnsupported
	rc, err := f.SyscallConn()
	if err != nil {
		return
	}
	err = rc.Write(func(fd uintptr) bool { return p.give(int(fd)) })
	if err != nil {
		p.err = errUnsupported // closed, out of time, or of a kind that nobody waits for
	}
}

// give is false if f, a pipe, has no room yet.
func (p *pipe) give(fd int) bool {
	for p.held > 0 {
		m, err := splice2(p.ends.r, fd, p.held)
		switch err {
		case nil:
			if m == 0 {
				p.err = io.ErrShortWrite
				return true
			}
			p.held -= int(m)
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		case syscall.EINVAL, syscall.ENOSYS:
			p.err = errUnsupported
			return true
		default:
			p.err = err
			return true
		}
	}
	p.err = nil
	return true
}

// splice2 is syscall.Splice, whose count is an int on some platforms and an int64
// on others.
func splice2(in, out, n int) (int64, error) {
	m, err := syscall.Splice(in, nil, out, nil, n, spliceFlags)
	return int64(m), err
}
