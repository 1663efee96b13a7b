package transfer

import (
	"fmt"
	"io"

	"github.com/s3pool/s3pool/internal/xio"
)

// WriteTo implements io.WriterTo. The last piece of an object whose length is known is
// written when all of it has been verified, so that w does not get the whole of a wrong one
// (TestWriteToHoldsBack).
// While w takes its time, the Reader holds a scratch block of 32 KiB that no budget counts,
// and what it gives back to whoever asks for it. After an error of w the Reader is broken:
// what was to be written is lost.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unpark()
	returned := false
	defer func() { r.after(returned) }()
	written, err = r.writeTo(w)
	returned = true
	return written, err
}

func (r *Reader) writeTo(w io.Writer) (written int64, err error) {
	scratch := r.t.set.pool.Borrow()
	defer r.t.set.pool.GiveBack(scratch)
	lent := r.t.set.pool.MaxBytes() == 0
	for {
		piece, err := r.next(scratch.Bytes(), lent)
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		borrowed := lent && r.slot != nil
		r.park()
		n, err := xio.Write(w, piece)
		r.unpark()
		written += int64(n)
		if err != nil {
			r.fail(0, fmt.Errorf("the bytes are lost, since the writer failed: %w", err))
			return written, err
		}
		if borrowed {
			r.consume(n)
		}
	}
}

// next returns what WriteTo writes next, hashed, and verified if it is the last: in
// scratch, or if lent, from where it has been read ahead. That is not consumed yet.
func (r *Reader) next(scratch []byte, lent bool) ([]byte, error) {
	if err := r.advance(); err != nil {
		return nil, err
	}
	if r.slot == nil || !lent {
		n, err := r.read(scratch)
		return scratch[:n], err
	}
	piece := r.ahead.piece(r.slot, writePiece)
	r.hash(piece)
	if r.pos+int64(len(piece)) >= r.t.rng.To && !r.vouch() {
		return nil, r.err
	}
	return piece, nil
}

// writePiece is how much WriteTo hashes and writes at a time of what is in memory: it stays
// in the processor's cache between the two.
const writePiece = 256 << 10

// Verify reads what is left of the stream, drops it, and returns what the bytes were
// checked against. It is for whoever stops before Read has returned io.EOF, as a decoder
// does behind the last byte that it understands: without an error, all bytes that Read has
// delivered are right, or the Verification says why nobody can tell.
func (r *Reader) Verify() (Verification, error) {
	if _, err := r.WriteTo(io.Discard); err != nil {
		return Verification{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result, nil
}
