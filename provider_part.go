package s3pool

import (
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"

	"github.com/s3pool/s3pool/internal/xio"
)

// A partWriter moves one part of a download to where it goes.
type partWriter struct {
	provider *Provider
	w        io.Writer // the manager's chunk; each Write is a WriteAt of the destination
}

// Write implements io.Writer. The manager does not call it.
func (w *partWriter) Write(p []byte) (int, error) { return w.w.Write(p) }

// ReadFrom implements io.ReaderFrom: it moves the body r to the destination.
func (w *partWriter) ReadFrom(r io.Reader) (int64, error) {
	body := peekBody(r)
	progress := w.provider.opts.Progress
	if progress == nil {
		return w.move(r, body)
	}
	counted := &countedReader{r: r, count: progress}
	n, err := w.move(counted, body)
	if err != nil && counted.n > 0 {
		progress(-counted.n)
	}
	return n, err
}

// A countedReader tells how many bytes each Read brings.
type countedReader struct {
	r     io.Reader
	count func(int64)
	n     int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if n > 0 {
		c.n += int64(n)
		c.count(int64(n))
	}
	return n, err
}

func (w *partWriter) move(r io.Reader, body *sizedBody) (int64, error) {
	c, ok := peekChunk(w.w)
	if !ok {
		return w.gathered(w.w, r, body, gathering{most: maxGather, growing: true})
	}
	switch dst := c.dst.(type) {
	case *os.File:
		return w.inBlocks(c.writer(dst, 0), r, body)
	case *WriteAtBuffer:
		return w.intoPooled(dst, r, body, c)
	case *manager.WriteAtBuffer:
		return w.intoManaged(dst, r, body, c)
	default:
		return w.intoOther(r, body, c)
	}
}

// firstBlock is the first buffer for a body of unknown length: a small object
// must not take the memory of a part.
const firstBlock = 128 << 10

// spare is the room behind the announced end of a body, so that the Read which brings the
// last byte can tell that it is the last. To read again is more than io.Copy does with its
// 32 KiB, and the fakes of users' tests may not stand it.
const spare = 512

// inBlocks copies r to out and fills a block for each write. What a body brought before
// it broke is written.
func (w *partWriter) inBlocks(out io.Writer, r io.Reader, body *sizedBody) (int64, error) {
	b := newGatherBuffer(w.provider.pool, body.lengthAtMost(w.provider.opts.BlockSize))
	defer b.release()
	return xio.CopyThrough(out, r, b.mem)
}

// A chunkWriter writes a chunk to its destination from pos on. It does what the
// manager's chunk does, which cannot be told to begin elsewhere.
type chunkWriter struct {
	dst io.WriterAt
	pos int64
	end int64 // of the chunk
	cut bool  // whether a Write stops at the end of the chunk, and not behind it
}

// writer returns a writer for the chunk without its first done bytes.
func (c chunk) writer(dst io.WriterAt, done int64) *chunkWriter {
	return &chunkWriter{dst: dst, pos: c.off + done, end: c.end(), cut: true}
}

// Write returns io.EOF, as the manager's chunk does, when the body is longer than what was
// asked for. The manager looks only before a write; its writes are short.
func (w *chunkWriter) Write(p []byte) (int, error) {
	if w.pos >= w.end {
		return 0, io.EOF
	}
	var end error
	if w.cut && int64(len(p)) > w.end-w.pos {
		p, end = p[:w.end-w.pos], io.EOF
	}
	n, err := w.dst.WriteAt(p, w.pos)
	w.pos += int64(n)
	if err == nil && n == len(p) {
		err = end
	}
	return n, err
}

// copyRest copies r to out as io.Copy does: a write for each Read.
func copyRest(out *chunkWriter, r io.Reader, block []byte) (int64, error) {
	out.cut = false
	return io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{r}, block)
}
