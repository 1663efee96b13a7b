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
	const keepSize = 0x1
	if size < blockSize {
		return nil
	}
	rc, err := f.SyscallConn()
	if err != nil {
		return nil // WriteAt says what is wrong with the file
	}
	var full error
	rc.Control(func(fd uintptr) {
		for {
			err := syscall.Fallocate(int(fd), keepSize, 0, size)
			switch err {
			case syscall.EINTR:
				continue
			case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
				full = &os.PathError{Op: "fallocate", Path: f.Name(), Err: err}
			}
			return
		}
	})
	return full
}
