package transfer

import (
	"context"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/part"
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
// bytes are written. After an error w holds some of the object, and a file has given back
// the blocks that were not written. What a file that was longer holds behind the object
// stays there: truncate it first. Nobody else may change a file's length meanwhile.
//
// Download does not wait for the pool's budget (TestStandstillPipe). For each request under way it writes from a
// block of 1 MiB or less, and from a scratch block of 32 KiB that no budget counts where the
// budget has no room, or w is no file: nobody can tell what w waits for. While w takes its
// time, its connection is given to whoever waits for one.
//
// A panic of w, or of the caller's own Progress or OnEvent, surfaces in the call.
func (c *Client) Download(ctx context.Context, w io.WriterAt, in *s3.GetObjectInput, optFns ...func(*DownloadOptions)) (*DownloadOutput, error) {
	t, first, err := c.begin(ctx, "Download", in, optFns)
	if err != nil {
		return nil, err
	}
	defer first.close()
	d := &saving{t: t, w: w}
	d.file, _ = w.(*os.File)
	if d.file != nil && t.known {
		if err := d.preallocate(t.rng.Len()); err != nil {
			return nil, t.fail(0, err)
		}
		defer d.giveBack()
	}
	// A SHA needs the bytes in order.
	if t.parallel() && t.sums.inOrder == nil {
		err = t.split(first, t.rng, d.save)
	} else if err = d.save(first); err != nil {
		err = t.fail(t.partOf(first.off), err)
	} else {
		t.arrived(0, 1)
		err = t.expectEnd(first)
	}
	if err != nil {
		return nil, err
	}
	d.whole = true
	out := &DownloadOutput{Output: t.out, Written: first.written(t)}
	first.close()
	src, _ := w.(io.ReaderAt)
	if out.Verification, err = t.verify(src); err != nil {
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

// A saving is where a Download writes to.
type saving struct {
	t    *transfer
	w    io.WriterAt
	file *os.File // w, if it is one

	kept  part.Range // what has been preallocated behind the file's end
	whole bool       // all has been written

	mu      sync.Mutex
	written mem.Extents
	length  int64 // the end of the last of them
}

// block returns what to write from, and what ends its use.
func (d *saving) block(size int64) (block []byte, release func()) {
	pool := d.t.set.pool
	if d.file != nil || pool.MaxBytes() == 0 {
		if buf, ok := pool.TryAcquire(int(min(blockSize, size))); ok {
			return buf.Bytes(), buf.Release
		}
	}
	scratch := pool.Borrow()
	return scratch.Bytes(), func() { pool.GiveBack(scratch) }
}

// save writes the rest of a stream, a block at a time.
func (d *saving) save(s *stream) error {
	if s.off == s.end {
		return nil
	}
	t := d.t
	block, release := d.block(s.end - s.off)
	defer release()
	begin := s.off - t.rng.From
	for {
		off := s.off - t.rng.From
		n, err := xio.ReadUntil(s, block)
		if n > 0 {
			if t.sums.inOrder != nil {
				t.sums.inOrder.Write(block[:n])
			}
			if d.file == nil {
				s.park()
			}
			m, werr := d.w.WriteAt(block[:n], off)
			s.unpark()
			if m > 0 {
				d.wrote(begin, off+int64(min(m, n)))
			}
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
