package direct

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"sync"
)

// A shield is a body as the transport sees it. A transport may read on after it has returned;
// what is behind a closed shield is not read.
type shield struct {
	mu   sync.Mutex
	body io.Reader // nil once it has been closed
}

var errShielded = errors.New("s3pool: read of a request body that has been taken back")

// Read implements io.Reader.
func (s *shield) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body == nil {
		return 0, errShielded
	}
	return s.body.Read(p)
}

// Close implements io.Closer. It waits for a Read under way.
func (s *shield) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body = nil
	return nil
}

// rewind makes the body ready to be read from its beginning.
func (q *question) rewind() error {
	if q.body == nil {
		return nil
	}
	_, err := q.body.Seek(q.start, io.SeekStart)
	return err
}

// hash returns the SHA-256 of the body, as a signature has it that covers the body.
func (q *question) hash() (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, q.body); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), q.rewind()
}

// zeros is the body of a rehearsal: as long as the caller's, and nobody else's.
type zeros struct{ pos, n int64 }

// Read implements io.Reader.
func (z *zeros) Read(p []byte) (int, error) {
	if z.pos >= z.n {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), z.n-z.pos)]
	clear(p)
	z.pos += int64(len(p))
	return len(p), nil
}

// Seek implements io.Seeker.
func (z *zeros) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += z.pos
	case io.SeekEnd:
		offset += z.n
	}
	z.pos = offset
	return offset, nil
}
