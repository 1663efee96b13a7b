package server

import (
	"io"
	"time"
)

// A Link makes the bodies of a range server come as they do from S3, where one
// request is slow and many are fast.
type Link struct {
	Rate      int64         // of one request, in bytes per second; zero means no limit
	FirstByte time.Duration // from the request to the answer
}

// burst is the number of bytes that a request may be ahead of its rate, after its
// reader has kept it waiting. More than the kernel buffers would make the reader's
// pauses free of charge.
const burst = 256 << 10

// write writes body to w at the link's rate.
func (l Link) write(w io.Writer, body []byte) error {
	if l.Rate <= 0 {
		_, err := w.Write(body)
		return err
	}
	const piece = burst / 4
	// full is when the bucket would have been full of tokens.
	full := time.Now()
	for len(body) > 0 {
		n := min(piece, len(body))
		if earliest := time.Now().Add(-l.takes(burst)); full.Before(earliest) {
			full = earliest
		}
		full = full.Add(l.takes(n))
		time.Sleep(time.Until(full))
		if _, err := w.Write(body[:n]); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

func (l Link) takes(n int) time.Duration {
	return time.Duration(int64(n) * int64(time.Second) / l.Rate)
}
