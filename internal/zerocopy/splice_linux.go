package zerocopy

import (
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// spliceToFile has the kernel move bytes from a connection into a file. os does it
// too, at the price of an allocation to find the descriptor.
func (z copier) spliceToFile(f *os.File, src io.Reader) (int64, error) {
	n, r := int64(math.MaxInt64), src
	limit, ok := src.(*io.LimitedReader)
	if ok {
		n, r = limit.N, limit.R
	}
	c, ok := r.(*net.TCPConn)
	if !ok {
		return z.pump(f, src) // a Unix connection
	}
	if _, ok := writable(f); !ok {
		return z.pump(f, src)
	}
	moved, err := spliceAll(f, c, n)
	if limit != nil {
		limit.N -= moved
	}
	if err == errUnsupported {
		m, err := z.pump(f, src)
		return moved + m, err
	}
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError("splice", errno)
	}
	if err != nil {
		err = &os.PathError{Op: "write", Path: f.Name(), Err: err} // in the words of os
	}
	return moved, err
}

// spliceAll moves n bytes, or what comes before EOF.
func spliceAll(f *os.File, c *net.TCPConn, n int64) (moved int64, err error) {
	p, _ := pipes.Get().(*pipe)
	if p == nil {
		return 0, errUnsupported // no descriptors to be had
	}
	for moved < n {
		in, err := p.fill(c, int(min(n-moved, pipeSize)))
		if in == 0 {
			pipes.Put(p)
			return moved, err
		}
		out, err := p.empty(f, in)
		moved += int64(out)
		if err != nil {
			p.close() // nobody else may find what is left in it
			return moved, err
		}
	}
	pipes.Put(p)
	return moved, nil
}

// pipeSize is what is asked of the kernel for one pipe, and its usual limit.
const pipeSize = 1 << 20

// A pipe is what splice needs between two descriptors. It is empty in the pool. The
// collector closes what it takes from there.
type pipe struct {
	ends    pipeEnds
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

// fill moves up to most bytes from c into p, which is empty. It waits in the poller
// for the first, within c's read deadline, and returns 0 and no error at EOF.
//
// As in send, the RawConn must stay a variable of this function.
func (p *pipe) fill(c *net.TCPConn, most int) (n int, err error) {
	rc, err := c.SyscallConn()
	if err != nil {
		return 0, errUnsupported
	}
	ran := false
	rerr := rc.Read(func(fd uintptr) bool {
		ran = true
		for {
			var m int64
			m, err = splice2(int(fd), p.ends.w, most)
			switch err {
			case syscall.EINTR:
				continue
			case syscall.EAGAIN:
				err = nil
				return false
			case syscall.EINVAL, syscall.ENOSYS:
				err = errUnsupported
			}
			n = int(max(m, 0))
			return true
		}
	})
	if !ran {
		return 0, errUnsupported // closed, or the deadline is past: Read says it best
	}
	if err == nil && rerr != nil {
		err = innerError(rerr)
	}
	return n, err
}

// empty moves the n bytes that p holds into f, at its offset and under its write
// lock.
func (p *pipe) empty(f *os.File, n int) (out int, err error) {
	rc, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	werr := rc.Write(func(fd uintptr) bool {
		for out < n {
			var m int64
			m, err = splice2(p.ends.r, int(fd), n-out)
			if err == syscall.EINTR {
				continue
			}
			if err == nil && m == 0 {
				err = io.ErrShortWrite
			}
			if err != nil {
				return true
			}
			out += int(m)
		}
		return true
	})
	if err == nil {
		err = werr
	}
	return out, err
}

// splice2 is syscall.Splice, whose count is an int on some platforms and an int64
// on others.
func splice2(in, out, n int) (int64, error) {
	m, err := syscall.Splice(in, nil, out, nil, n, spliceFlags)
	return int64(m), err
}
