package transfer

import (
	"os"
	"syscall"
)

// preallocate asks the file system for the blocks of size bytes. It keeps the
// file's length (FALLOC_FL_KEEP_SIZE, fallocate(2)): half a download must not look
// like a whole one. The error is that of a disk without room; a file or a file
// system that knows nothing of it is none.
func preallocate(f *os.File, size int64) error {
	switch err := fallocate(f, keepSize, 0, size); err {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
		return &os.PathError{Op: "fallocate", Path: f.Name(), Err: err}
	}
	return nil // WriteAt says what is wrong with the file
}

// punch gives back the blocks of [from, to).
func punch(f *os.File, from, to int64) { fallocate(f, keepSize|punchHole, from, to-from) }

const keepSize, punchHole = 0x1, 0x2

func fallocate(f *os.File, mode uint32, off, size int64) error {
	rc, err := f.SyscallConn()
	if err != nil {
		return err
	}
	rc.Control(func(fd uintptr) {
		for err = syscall.EINTR; err == syscall.EINTR; {
			err = syscall.Fallocate(int(fd), mode, off, size)
		}
	})
	return err
}
