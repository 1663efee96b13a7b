package putbody

import (
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/unwind"
)

// A Window is the body of one request: memory on lease, or a section of what the
// caller gave. The SDK reads it as often as it tries. Once Shut has returned nobody can
// read it any more, whatever the transport below is still about: only then is the
// memory released.
type Window struct {
	Payload
	pool  *mem.Pool
	broke func() // ends the request: called when At has ended the goroutine that reads

	mu   sync.Mutex
	pos  int64
	err  error // the first of At's own errors
	done bool
}

var errShutWindow = errors.New("s3pool: read of a request body that has been taken back")

// Read implements io.Reader.
func (w *Window) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.done:
		return 0, errShutWindow
	case w.err != nil:
		return 0, &Error{w.err}
	case w.pos >= w.N:
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), w.N-w.pos)]
	if w.At == nil {
		n := copy(p, w.Mem[w.pos:])
		w.pos += int64(n)
		return n, nil
	}
	return w.readAt(p)
}

// readAt reads the caller's own body, in the transport's goroutine as a rule.
func (w *Window) readAt(p []byte) (n int, err error) {
	returned := false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				w.err = &unwind.Panic{Value: v}
			} else {
				w.err = unwind.ErrGoexit
				w.broke()
			}
			n, err = 0, &Error{w.err}
		}
	}()
	n, err = readAt(w.At, p, w.Base+w.pos)
	returned = true
	w.pos += int64(n)
	if err != nil {
		w.err = err
		err = &Error{err}
	}
	return n, err
}

// An Error is what a Window's Read returns where the caller's own body has failed. It is
// not to be tried again.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the body's own error.
func (e *Error) Unwrap() error { return e.Err }

// RetryableError tells the SDK.
func (e *Error) RetryableError() bool { return false }

// errShrunk is the error of a body that has fewer bytes than it had.
var errShrunk = errors.New("the body has become shorter than it was when the upload began")

// Seek implements io.Seeker.
func (w *Window) Seek(offset int64, whence int) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += w.pos
	case io.SeekEnd:
		offset += w.N
	}
	if offset < 0 {
		return 0, errors.New("s3pool: seek before the beginning of a request body")
	}
	w.pos = offset
	return offset, nil
}

// Shut waits for a Read under way and lets no other begin. It returns the error of
// the caller's own body, if that is what was wrong with the request.
func (w *Window) Shut() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	if w.err == nil {
		return nil
	}
	return &Error{w.err}
}

// WriteTo implements io.WriterTo, for the one who hashes the body before it is sent:
// io.Copy would give each a buffer of 32 KiB. Anybody else reads: a write to a connection
// can take as long as it likes, and Shut would wait for it.
func (w *Window) WriteTo(dst io.Writer) (written int64, err error) {
	h, ok := dst.(hash.Hash)
	if !ok {
		return io.Copy(dst, struct{ io.Reader }{w})
	}
	block := w.pool.Borrow()
	defer w.pool.GiveBack(block)
	for {
		n, err := w.Read(block.Bytes())
		h.Write(block.Bytes()[:n])
		written += int64(n)
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return written, err
		}
	}
}
