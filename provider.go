package s3pool

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/xio"
	"github.com/s3pool/s3pool/internal/zerocopy"
)

// ProviderOptions configures a [Provider].
type ProviderOptions struct {
	// BlockSize is the number of bytes collected for one write to a file. Zero
	// means 1 MiB: it stays in the processor's cache between the reads that fill
	// it and the write that drains it, and the file system sees large writes. It
	// must not be negative.
	BlockSize int
}

const (
	defaultBlockSize = 1 << 20

	// maxGather bounds the memory that collects a part for one WriteAt. It is the
	// part size of a stock Downloader; larger parts take several writes.
	maxGather = manager.DefaultDownloadPartSize

	// maxPresize bounds what is reserved on the word of a Content-Range header.
	maxPresize = 1 << 30
)

// A Provider gives manager.Downloader and manager.Uploader the pool's buffers:
// it is a manager.WriterReadFromProvider and a manager.ReadSeekerWriteToProvider.
// [NewDownloader] and [NewUploader] install one. It is safe for concurrent use.
//
// Downloads. What a part needs depends on where it goes:
//
//   - into a [WriteAtBuffer] or a manager.WriteAtBuffer, the object's memory is
//     made once, at its final size, and the body is read straight into it;
//   - into an *os.File, blocks of BlockSize are written as they fill;
//   - into any other io.WriterAt, which may be either in disguise, a part is
//     collected in a buffer of its size (5 MiB at most) and written at once.
//
// The first needs the object's size, which only [NewDownloader] can pass on.
// Without it, and under a budget without room, the Provider makes do with
// smaller buffers: it never waits, since the manager gives it no context.
type Provider struct {
	pool    *mem.Pool
	opts    ProviderOptions
	writers sync.Pool // of *partWriter
}

var (
	_ manager.WriterReadFromProvider    = (*Provider)(nil)
	_ manager.ReadSeekerWriteToProvider = (*Provider)(nil)
)

// NewProvider is [Pool.NewProvider] on [DefaultPool].
func NewProvider(optFns ...func(*ProviderOptions)) *Provider {
	return DefaultPool().NewProvider(optFns...)
}

// NewProvider returns a provider of the pool's buffers. It panics if an option is out of
// range.
func (p *Pool) NewProvider(optFns ...func(*ProviderOptions)) *Provider {
	m := p.mem("NewProvider")
	var o ProviderOptions
	for _, fn := range optFns {
		fn(&o)
	}
	if o.BlockSize < 0 {
		panic(fmt.Sprintf("s3pool: NewProvider: BlockSize is %d; it must be positive, or zero for 1 MiB", o.BlockSize))
	}
	if o.BlockSize == 0 {
		o.BlockSize = defaultBlockSize
	}
	return &Provider{pool: m, opts: o}
}

// GetReadFrom implements manager.WriterReadFromProvider. A buffer is taken when
// the body has begun to arrive and given back before ReadFrom returns, so that
// none is held while a request waits for its answer; cleanup ends the use of the
// writer itself.
func (p *Provider) GetReadFrom(w io.Writer) (wr manager.WriterReadFrom, cleanup func()) {
	part, _ := p.writers.Get().(*partWriter)
	if part == nil {
		part = &partWriter{provider: p}
		part.cleanup = func() {
			part.w = nil
			p.writers.Put(part)
		}
	}
	part.w = w
	return part, part.cleanup
}

// GetWriteTo implements manager.ReadSeekerWriteToProvider. Reads and seeks go to
// the part itself: it is a section of a file or of a byte slice, and a buffer in
// between would be one copy more. Only WriteTo, by which the SDK computes
// checksums, borrows a block, for the length of the call; cleanup does nothing.
func (p *Provider) GetWriteTo(part io.ReadSeeker) (r manager.ReadSeekerWriteTo, cleanup func()) {
	return &partReader{ReadSeeker: part, pool: p.pool}, func() {}
}

// A partReader is one part of an upload.
type partReader struct {
	io.ReadSeeker
	pool *mem.Pool
}

// WriteTo implements io.WriterTo. io.Copy would allocate 32 KiB for each pass
// over the part.
func (r *partReader) WriteTo(w io.Writer) (int64, error) {
	return zerocopy.Pump(r.pool, w, r.ReadSeeker)
}

// A partWriter is one part of a download.
type partWriter struct {
	provider *Provider
	w        io.Writer // the manager's chunk; each Write is a WriteAt of the destination
	cleanup  func()    // returns the partWriter to the provider
}

// Write implements io.Writer. The manager does not call it.
func (w *partWriter) Write(p []byte) (int, error) { return w.w.Write(p) }

// ReadFrom implements io.ReaderFrom: it moves the body r to the destination.
func (w *partWriter) ReadFrom(r io.Reader) (int64, error) {
	c, known := peekChunk(w.w)
	body := peekBody(r)
	switch dst := c.dst.(type) {
	case fileDestination:
		return w.inBlocks(r, min(w.provider.opts.BlockSize, body.lengthOr(firstBlock)))
	case *WriteAtBuffer:
		if n, size, ok := body.fits(c); ok {
			if err := dst.reserve(body.ctx, size); err != nil {
				return 0, err
			}
			read, err := dst.readAt(r, int(c.off), n)
			return int64(read), err
		}
		// The buffer grows by doubling: any block will do.
		return w.inBlocks(r, firstBlock)
	case *manager.WriteAtBuffer:
		if n, size, ok := body.fits(c); ok && presize(dst, c.off, size) {
			read, err := xio.ReadBody(r, dst.Bytes()[c.off:][:n])
			return int64(read), err
		}
	}
	most := int64(maxGather)
	if known && c.size > 0 {
		most = min(most, c.size)
	}
	return w.gathered(r, body, int(most))
}

// fileDestination stands for any *os.File.
type fileDestination struct{}

// inBlocks copies r to w through a buffer of size bytes, or of whatever the
// budget has room for.
func (w *partWriter) inBlocks(r io.Reader, size int) (int64, error) {
	pool := w.provider.pool
	if buf, ok := pool.TryAcquire(max(size, 1)); ok {
		defer buf.Release()
		return xio.CopyThrough(w.w, r, buf.Bytes())
	}
	b := pool.Borrow()
	defer pool.GiveBack(b)
	return xio.CopyThrough(w.w, r, b.Bytes())
}

// gathered collects up to most bytes of r for each write to w: an unsized
// manager.WriteAtBuffer copies everything it has for each of them. The buffer is
// the length of the body where that is known; otherwise it starts small and doubles.
func (w *partWriter) gathered(r io.Reader, body *sizedBody, most int) (int64, error) {
	pool := w.provider.pool
	size := max(1, min(most, body.lengthOr(firstBlock)))
	buf, ok := pool.TryAcquire(size)
	if !ok {
		return w.inBlocks(r, size)
	}
	defer func() { buf.Release() }()

	var written int64
	fill := 0
	for {
		n, err := xio.ReadUntil(r, buf.Bytes()[fill:])
		fill += n
		if err == nil && body == nil && len(buf.Bytes()) < most {
			// Full, and there may be more. If the budget refuses to double, what is
			// here becomes a write of its own.
			if next, ok := pool.TryAcquire(min(most, 2*len(buf.Bytes()))); ok {
				copy(next.Bytes(), buf.Bytes()[:fill])
				buf.Release()
				buf = next
				continue
			}
		}
		if fill > 0 {
			n, werr := xio.Write(w.w, buf.Bytes()[:fill])
			written += int64(n)
			if werr != nil {
				return written, werr
			}
			fill = 0
		}
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}

// firstBlock is the first buffer for a body of unknown length: a small object
// must not take the memory of a part.
const firstBlock = 128 << 10

// presize makes dst size bytes long and reports whether it is. It does so for the
// first chunk only, which the manager fetches alone: a buffer that moved while
// another chunk is read into it would lose that chunk.
func presize(dst *manager.WriteAtBuffer, off int64, size int) bool {
	if len(dst.Bytes()) < size && off == 0 {
		// Writing the last byte makes the rest.
		if _, err := dst.WriteAt([]byte{0}, int64(size)-1); err != nil {
			return false
		}
	}
	return len(dst.Bytes()) >= size
}

// A sizedBody is a response body that knows its length. The Downloader of
// NewDownloader sees every body as one.
type sizedBody struct {
	io.ReadCloser
	ctx    context.Context // of the request
	length int64           // of the body, in bytes
	total  int64           // of the object, 0 if the answer does not say
}

// lengthOr returns the length of the body, or other if it is not known.
func (b *sizedBody) lengthOr(other int) int {
	if b == nil || b.length > maxPresize {
		return other
	}
	return int(b.length)
}

// fits returns how many bytes the body has and how large a buffer that takes all
// of the download has to be. It is false if either is unknown or unreasonable.
func (b *sizedBody) fits(c chunk) (n, size int, ok bool) {
	if b == nil {
		return 0, 0, false
	}
	end := c.off + b.length
	if !c.whole {
		if b.length > c.size {
			return 0, 0, false
		}
		end = max(end, b.total)
	}
	if b.length <= 0 || end > maxPresize {
		return 0, 0, false
	}
	return int(b.length), int(end), true
}
