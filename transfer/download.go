package transfer

import (
	"context"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/xio"
)

// A DownloadOutput is what [Client.Download] returns.
type DownloadOutput struct {
	// Output is the SDK's answer to the first request: headers, ETag, metadata. Its
	// Body is empty.
	Output *s3.GetObjectOutput
	// Written is the number of bytes written.
	Written int64
	// Verification says what the bytes were checked against.
	Verification Verification
}

// Download writes an object, or the range of it that was asked for, to w. Its
// first byte goes to offset 0. WriteAt is called by several goroutines at a time,
// for ranges that do not overlap; when Download returns, by none.
//
// An error of w ends the download and is in the error returned: a full disk is not
// tried again. An *os.File gets its blocks before the first byte arrives where the
// file system can do that, so that a full disk shows at once; its length grows as
// bytes are written. After an error w holds some of the object.
//
// Of the pool's budget a download holds a block of 1 MiB or less for each request
// under way, and it needs one to go on.
func (c *Client) Download(ctx context.Context, w io.WriterAt, in *s3.GetObjectInput, optFns ...func(*DownloadOptions)) (*DownloadOutput, error) {
	t, first, err := c.begin(ctx, "Download", in, optFns)
	if err != nil {
		return nil, err
	}
	defer first.close()
	if f, ok := w.(*os.File); ok && t.known {
		if err := preallocate(f, t.rng.Len()); err != nil {
			return nil, t.fail(0, err)
		}
	}
	// A SHA needs the bytes in order.
	if t.parallel() && t.sums.inOrder == nil {
		err = t.split(first, func(s *stream) error { return t.save(w, s) })
	} else if err = t.save(w, first); err != nil {
		err = t.fail(t.partOf(first.off), err)
	} else {
		t.arrived(0, 1)
		err = t.expectEnd(first)
	}
	if err != nil {
		return nil, err
	}
	out := &DownloadOutput{Output: t.out, Written: first.written(t)}
	first.cursor.Flush()
	if out.Verification, err = t.verify(); err != nil {
		return nil, t.fail(0, err)
	}
	t.out.Body = http.NoBody
	return out, nil
}

// written returns the length of the transfer, which an unknown one learns at the
// end of its only stream.
func (s *stream) written(t *transfer) int64 {
	if !t.known {
		t.rng.To = s.off
	}
	return t.rng.Len()
}

// save writes the rest of a stream to w, a block at a time.
func (t *transfer) save(w io.WriterAt, s *stream) error {
	if s.off == s.end {
		return nil
	}
	size := min(blockSize, s.end-s.off)
	if most := t.set.pool.MaxBytes(); most > 0 {
		size = min(size, most)
	}
	buf, err := t.set.pool.Acquire(s.ctx, int(size))
	if err != nil {
		return err
	}
	defer buf.Release()
	for {
		off := s.off - t.rng.From
		n, err := xio.ReadUntil(s, buf.Bytes())
		if n > 0 {
			if t.sums.inOrder != nil {
				t.sums.inOrder.Write(buf.Bytes()[:n])
			}
			m, werr := w.WriteAt(buf.Bytes()[:n], off)
			if werr == nil && m != n {
				werr = io.ErrShortWrite
			}
			if werr != nil {
				return t.fail(t.partOf(t.rng.From+off), werr)
			}
		}
		if err == io.EOF || err == nil && s.off == s.end {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// blockSize is the bytes of one WriteAt: large enough for a file system, and small enough
// to stay in the processor's cache.
const blockSize = 1 << 20
