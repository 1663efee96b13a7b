package zerocopy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// copyRange has the kernel copy a file, or share its blocks. os does it too, but makes a
// buffer where the kernel refuses. We ask the kernel nothing beforehand: for a small file
// the questions would take longer than the answer.
func (z copier) copyRange(f *os.File, src io.Reader) (int64, error) {
	s := spanOf(src)
	if s.limit != nil && s.limit.N <= 0 {
		return 0, nil
	}
	if s.section != nil || !hasCopyFileRange() {
		return z.pump(f, src)
	}
	n, err := s.copyTo(f)
	s.advance(n)
	switch err {
	case errUnsupported:
		m, err := z.pump(f, src)
		return n + m, err
	case syscall.EBADF:
		// Open for appending, or not for reading and writing. Only in the first case can
		// bytes be copied, and in the second the words are those of os.
		if m, err := z.pump(f, src); m > 0 || err == nil || opensToAppend(f) {
			return n + m, err
		}
	}
	return n, fileError("copy_file_range", f, err)
}

// fileError returns err as f's ReadFrom does.
func fileError(call string, f *os.File, err error) error {
	if err == nil {
		return nil
	}
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(call, errno)
	}
	return &os.PathError{Op: "write", Path: f.Name(), Err: err}
}

// copyTo copies the span to f, at its offset, and returns the bytes copied. It holds f's
// write lock and the source's read lock, as os does, because the offsets of both move.
//
// As in send, the RawConns must stay variables of the functions that made them.
func (s *span) copyTo(f *os.File) (copied int64, err error) {
	rc, err := f.SyscallConn()
	if err != nil {
		return 0, errUnsupported // Write says what is wrong with the file
	}
	ran := false
	werr := rc.Write(func(out uintptr) bool {
		ran = true
		copied, err = copyRanges(int(out), s.file, s.n)
		return true
	})
	if !ran {
		return 0, closedError(werr)
	}
	return copied, err
}

func copyRanges(out int, src *os.File, n int64) (copied int64, err error) {
	rc, err := src.SyscallConn()
	if err != nil {
		return 0, errUnsupported
	}
	ran := false
	rerr := rc.Read(func(in uintptr) bool {
		ran = true
		for copied < n {
			var m int
			m, err = copyFileRange(int(in), out, int(min(n-copied, maxChunk)))
			copied += int64(m)
			if m == 0 && err == nil {
				if copied == 0 {
					err = errUnsupported // /proc, and old kernels: Read knows better
				}
				return true
			}
			if err != nil {
				return true
			}
		}
		return true
	})
	if !ran && appends(out) {
		return 0, errUnsupported // os does not try either, and Read says what is wrong
	}
	if !ran {
		return 0, closedError(rerr)
	}
	return copied, err
}

// closedError returns what os makes of a file that could not be used: it has been closed.
// A pipe whose deadline is past is one that copy_file_range does not serve anyway.
func closedError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errUnsupported
	}
	return os.ErrClosed
}

// copyFileRange is one system call. An error is the kernel's, or errUnsupported if this
// pair of descriptors is not for it; nothing has been moved then.
func copyFileRange(in, out, n int) (int, error) {
	for {
		m, _, errno := syscall.Syscall6(copyFileRangeNumber, uintptr(in), 0, uintptr(out), 0, uintptr(n), 0)
		switch errno {
		case 0:
			return int(m), nil
		case syscall.EINTR:
			continue
		case syscall.ENOSYS, syscall.EXDEV, syscall.EINVAL, syscall.EIO, syscall.EOPNOTSUPP, syscall.EPERM:
			return 0, errUnsupported // the list is that of internal/poll
		}
		return 0, errno
	}
}

// appends reports whether a descriptor is open for appending.
func appends(fd int) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	return errno == 0 && flags&syscall.O_APPEND != 0
}

// copyFileRangeNumber is what package syscall, which is frozen, has no name for.
var copyFileRangeNumber = map[string]uintptr{
	"amd64": 326, "386": 377, "arm": 391,
	"arm64": 285, "loong64": 285, "riscv64": 285,
	"ppc64": 379, "ppc64le": 379, "s390x": 375,
	"mips": 4360, "mipsle": 4360, "mips64": 5320, "mips64le": 5320,
}[runtime.GOARCH]

// hasCopyFileRange reports whether the kernel has a copy_file_range that can be trusted:
// from 5.3 on.
var hasCopyFileRange = sync.OnceValue(func() bool {
	version, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return err == nil && copyFileRangeNumber != 0 && atLeast(version, 5, 3)
})

// atLeast reports whether a kernel's release, like 6.18.44-generic, is that or newer.
func atLeast(release []byte, major, minor int) bool {
	first, rest, _ := bytes.Cut(release, []byte("."))
	second, _, _ := bytes.Cut(rest, []byte("."))
	second = second[:len(second)-len(bytes.TrimLeft(second, "0123456789"))]
	a, errA := strconv.Atoi(string(first))
	b, errB := strconv.Atoi(string(second))
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}
