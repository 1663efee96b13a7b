package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/xio"
)

// A stream reads a range of an object, over as many requests as that takes. Where
// a body breaks or falls silent, the next one goes on behind the last byte
// received. It is for one goroutine.
type stream struct {
	t   *transfer
	ctx context.Context // of whoever fetches the range

	off int64 // of the next byte
	end int64 // of the range; may be moved on while the body goes there

	body    io.ReadCloser // nil: to be requested
	bodyEnd int64         // of what it holds
	skip    int64         // bytes that come first and are not of the range
	ranged  bool          // the first body must not have any: errNoRanges
	parking parking
	parked  bool
	w       *watch // of the current request, nil if there is none

	cursor crc.Cursor // hashes what arrives

	trouble *trouble // nil until something has gone wrong
}

// A trouble is what has gone wrong with a stream.
type trouble struct {
	retries       // since the last progress
	broken  error // of a body that broke with bytes in hand, until the next Read
	good    int64 // off at the last failure
}

// failed returns the stream's trouble. It has one now.
func (s *stream) failed() *trouble {
	if s.trouble == nil {
		s.trouble = &trouble{good: s.off}
	}
	return s.trouble
}

// failures returns how often the request that is due has failed.
func (s *stream) failures() int32 {
	if s.trouble == nil {
		return 0
	}
	return s.trouble.failures
}

// openFirst makes the request that the caller asked for. Nothing has been received
// yet, so it fails as the SDK's own would, after the SDK's retries: 27 requests to an
// S3 that is down would help nobody. Only what looks like a cancellation to the SDK is
// ours to try again.
func (s *stream) openFirst() error {
	t := s.t
	for {
		var err error
		if s.w, err = t.set.watch(s.ctx); err != nil {
			return s.failed().ended(err)
		}
		out, err := t.set.client.getObject(s.w, t.in, repeated(t.set.first, s.failures()))
		s.disarm()
		if err == nil {
			s.body, s.bodyEnd = out.Body, maxInt64
			if s.body == nil {
				s.body = io.NopCloser(eofReader{}) // a mock's idea of an empty object
			}
			t.out = out
			out.Body = nil
			return nil
		}
		err = s.cause(err)
		s.drop()
		if err := s.backoff(err, ours(err)); err != nil {
			return err
		}
	}
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

// Read returns bytes of the range as they arrive, and io.EOF at its end.
func (s *stream) Read(p []byte) (int, error) {
	if s.off >= s.end {
		return 0, io.EOF
	}
	if rest := s.end - s.off; int64(len(p)) > rest {
		p = p[:rest]
	}
	if len(p) == 0 {
		return 0, nil
	}
	for empty := 0; ; empty++ {
		if empty == xio.MaxEmptyReads {
			s.failed().broken = io.ErrNoProgress
			s.drop()
			empty = 0
		}
		if s.trouble != nil && s.trouble.broken != nil {
			err := s.trouble.broken
			s.trouble.broken = nil
			if !s.t.version.pinned() {
				return 0, fmt.Errorf("%w: %w", errUnpinned, err)
			}
			if err := s.backoffAs(EventResume, err, true); err != nil {
				return 0, err
			}
		}
		if s.body != nil && s.skip == 0 && s.off >= s.bodyEnd {
			s.drop() // the next bytes are another body's
		}
		if s.body == nil {
			if err := s.open(); err != nil {
				return 0, err
			}
		}
		piece := p
		if s.skip > 0 {
			piece = p[:min(int64(len(p)), s.skip)] // overwritten later
		} else if rest := s.bodyEnd - s.off; int64(len(piece)) > rest {
			piece = piece[:rest] // a body that goes on is not believed
		}
		s.rearm()
		n, err := s.body.Read(piece)
		s.disarm()
		if n > 0 {
			empty = 0
		}
		if s.skip > 0 {
			s.skip -= int64(n)
			n = 0
		}
		if n > 0 {
			s.cursor.Write(p[:n])
			s.off += int64(n)
			if !s.t.ordered { // a Reader counts what it delivers, once
				s.t.arrived(int64(n), 0)
			}
			if err := s.t.fits(s.off - s.t.rng.From); !s.t.known && err != nil {
				s.drop()
				return 0, err
			}
		}
		switch {
		case err == nil:
		case err == io.EOF && !s.t.known:
			s.end, s.t.rng.To = s.off, s.off // the only stream has learnt it
			s.drop()
			if n == 0 {
				return 0, io.EOF
			}
		case err == io.EOF && s.skip == 0 && s.off >= min(s.bodyEnd, s.t.rng.To):
			s.drop() // read to its end: the connection can be used again
		default:
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			s.failed().broken = s.cause(err)
			s.drop()
		}
		if n > 0 {
			return n, nil
		}
		if s.off >= s.end {
			return 0, io.EOF
		}
	}
}

// readFull fills p, which must not reach beyond the range.
func (s *stream) readFull(p []byte) error {
	for len(p) > 0 {
		n, err := s.Read(p)
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		p = p[n:]
	}
	return nil
}

// errUnpinned is in the error of a body that broke and cannot be continued.
var errUnpinned = errors.New("the store tells nothing by which to ask for the same version again")

// open requests what is left of the range.
func (s *stream) open() error {
	if !s.t.version.pinned() {
		return fmt.Errorf("the body was closed for a request that waited for long: %w", errUnpinned)
	}
	for {
		if err := s.ctx.Err(); err != nil {
			return s.failed().ended(err)
		}
		r := part.Range{From: s.off, To: s.end}
		var err error
		if s.w, err = s.t.set.watch(s.ctx); err != nil {
			return s.failed().ended(err)
		}
		body, skip, err := s.t.open(s.w, r, s.failures())
		s.disarm()
		if err == nil {
			s.body, s.bodyEnd, s.skip = body, r.To, skip
			if all := s.t.whole.Load() && s.t.total != part.Unknown; all {
				s.bodyEnd = s.t.total
			}
			if s.ranged && s.t.whole.Load() {
				s.drop()
				return errNoRanges
			}
			s.ranged = false
			return nil
		}
		err = s.cause(err)
		s.drop()
		if err := s.backoff(err, s.t.set.retryable(err, true)); err != nil {
			return err
		}
	}
}

func (s *stream) rearm() {
	if s.w != nil {
		s.w.arm()
	}
}

func (s *stream) disarm() {
	if s.w != nil {
		s.w.disarm()
	}
}

// drop ends the current request, if there is one.
func (s *stream) drop() {
	s.disarm()
	// A body that has been read to its end leaves its connection to others; cancelling its
	// request first would close it.
	if s.body != nil {
		s.body.Close()
		s.body = nil
	}
	if s.w != nil {
		s.w.release()
		s.w = nil
	}
}

// close gives up what is left of the range, and passes on what was hashed.
func (s *stream) close() {
	s.unpark() // a panic of the caller's code may have left it parked
	s.drop()
	s.cursor.Flush()
}

// park lets others take the connection, while the caller does something else. Nothing of
// the stream may be used until unpark.
func (s *stream) park() {
	if s.parked || s.body == nil {
		return // parked already: a panic of the caller's code has left it so
	}
	if s.parking.f == nil {
		s.parking.f, s.parking.stream, s.parking.ticks = s.t.set.client.flights, s, 1
		s.parking.last = !s.t.version.pinned()
	}
	s.parked = true
	s.parking.park()
}

func (s *stream) unpark() {
	if !s.parked {
		return
	}
	s.parked = false
	if !s.parking.unpark() {
		s.drop()
	}
}

// abandon closes the body for somebody else's sake.
func (s *stream) abandon() {
	s.w.cancel()
	s.body.Close()
	s.w.leave()
}

// cause returns why a request failed: a silent one has been cancelled by us.
func (s *stream) cause(err error) error {
	s.failed().after(s.w)
	if s.ctx.Err() != nil {
		return err
	}
	return s.w.cause(s.ctx, err)
}

// refill is the number of bytes that make a transfer's retries good as new. A
// server that breaks after every byte must not keep it going for ever.
const refill = 64 << 10

// backoff waits before the next request of the stream. It returns the error if
// there is not to be one.
func (s *stream) backoff(err error, again bool) error { return s.backoffAs(EventRetry, err, again) }

func (s *stream) backoffAs(kind EventKind, err error, again bool) error {
	f := s.failed()
	if s.off-f.good >= refill {
		f.retries = retries{}
	}
	f.good = s.off
	if werr := f.pause(s.ctx, s.t.set.MaxRetries, err, again); werr != nil {
		return werr
	}
	e := retried(kind, &f.retries, err)
	e.Part = s.t.partOf(s.off)
	s.t.event(e)
	return nil
}
