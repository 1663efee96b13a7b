package s3pool

import (
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/zerocopy"
)

// ProviderOptions configures a [Provider].
type ProviderOptions struct {
	// BlockSize is the number of bytes collected for one write to a file. Zero
	// means 1 MiB: it stays in the processor's cache between the reads that fill
	// it and the write that drains it, and the file system sees large writes. It
	// must not be negative.
	BlockSize int

	// Progress, if it is not nil, is called with the number of bytes that have
	// arrived since the last call, for each Read of a body of any download through
	// this Provider. If a part breaks and will start over, n is negative and takes
	// back what had arrived of it. Calls come from the manager's goroutines, several
	// at a time. To follow one download, give it a Provider of its own.
	Progress func(n int64)
}

const defaultBlockSize = 1 << 20

// A Provider gives manager.Downloader and manager.Uploader the pool's buffers:
// it is a manager.WriterReadFromProvider and a manager.ReadSeekerWriteToProvider.
// [NewDownloader] and [NewUploader] install one. It is safe for concurrent use.
//
// Downloads. What a part needs depends on where it goes:
//
//   - into a [WriteAtBuffer] or a manager.WriteAtBuffer, the object's memory is
//     made once, at its final size, and the body is read straight into it;
//   - into an *os.File, blocks of BlockSize are written as they fill;
//   - into any other io.WriterAt, the first bytes are written as they come, and
//     later writes grow with what has been written, to 5 MiB at most.
//
// A type that wraps a file or a buffer may have a method
//
//	Unwrap() io.WriterAt
//
// that returns it. Every byte goes through the wrapper's own WriteAt all the same, in
// pieces that suit what is wrapped. Unwrap must return the same value each time.
//
// A part that breaks is asked for again by the manager. A destination that is not
// itself one of the first three kinds is not given its bytes twice: what was collected and not
// yet written is dropped, and the next attempt goes on behind what was. It starts over
// if the object's ETag has changed in between.
//
// The object's final size is known only to the Downloader of [NewDownloader].
// Without it, and under a budget without room, the Provider makes do with
// smaller buffers.
type Provider struct {
	pool *mem.Pool
	opts ProviderOptions

	growing growLocks
	broken  brokenParts
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
// none is held while a request waits for its answer. The writer itself is not
// recycled: cleanup has nothing to do, however often it is called.
func (p *Provider) GetReadFrom(w io.Writer) (wr manager.WriterReadFrom, cleanup func()) {
	return &partWriter{provider: p, w: w}, noCleanup
}

// GetWriteTo implements manager.ReadSeekerWriteToProvider. Reads and seeks go to
// the part itself: it is a section of a file or of a byte slice, and a buffer in
// between would be one copy more. Only WriteTo, by which the SDK computes
// checksums, borrows a block, for the length of the call; cleanup does nothing.
func (p *Provider) GetWriteTo(part io.ReadSeeker) (r manager.ReadSeekerWriteTo, cleanup func()) {
	return &partReader{ReadSeeker: part, pool: p.pool}, noCleanup
}

func noCleanup() {}

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

// growLocks has a lock for each manager.WriteAtBuffer that is being read into.
type growLocks struct {
	mu   sync.Mutex
	used map[*manager.WriteAtBuffer]*growLock
}

// A growLock is held shared while a body is read into the buffer's memory, and
// exclusively to move the buffer to larger memory.
type growLock struct {
	sync.RWMutex
	users int // under growLocks.mu
}

func (l *growLocks) get(b *manager.WriteAtBuffer) *growLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.used[b]
	if g == nil {
		g = &growLock{}
		if l.used == nil {
			l.used = map[*manager.WriteAtBuffer]*growLock{}
		}
		l.used[b] = g
	}
	g.users++
	return g
}

func (l *growLocks) put(b *manager.WriteAtBuffer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.used[b]; g.users > 1 {
		g.users--
	} else {
		delete(l.used, b)
	}
}
