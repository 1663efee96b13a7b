package mem

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"unsafe"

	"github.com/s3pool/s3pool/internal/check"
)

// What a bufio.Reader or Writer holds goes back into the pool, but the handle that the
// caller has does not: on Put the two are taken apart. A handle that is used or put again
// can then do no harm: it reaches nobody's bytes, and says what is wrong. One small
// allocation for each Put is the price, as for a Buffer.

var (
	errReaderPut = errors.New("s3pool: use of a bufio.Reader after PutBufioReader")
	errWriterPut = errors.New("s3pool: use of a bufio.Writer after PutBufioWriter")
)

// A retired is what is behind a handle that has been put back. Debug builds panic.
type retired struct{ err error }

func (r retired) Read([]byte) (int, error)  { return 0, r.fail() }
func (r retired) Write([]byte) (int, error) { return 0, r.fail() }

func (r retired) fail() error {
	if check.Enabled {
		panic(r.err.Error())
	}
	return r.err
}

var (
	retiredReader io.Reader = retired{errReaderPut}
	retiredWriter io.Writer = retired{errWriterPut}
)

// retireReader takes what br holds away from it and returns it in a handle that nobody
// has yet. What br keeps is its own, so that even a Reset of it harms nobody.
func retireReader(br *bufio.Reader) *bufio.Reader {
	h := bufio.NewReaderSize(retiredReader, 1)
	*h, *br = *br, *h
	return h
}

// retireWriter is retireReader for a writer. The buffer that bw keeps is full, so that the
// first byte written is refused.
func retireWriter(bw *bufio.Writer) *bufio.Writer {
	h := bufio.NewWriterSize(retiredWriter, 1)
	h.WriteByte(0)
	*h, *bw = *bw, *h
	return h
}

// A ledger knows the handles of a pool for as long as somebody holds them: those that are
// lent, and those that have been put back. Every handle is lent once. Only debug builds
// keep a ledger.
type ledger struct {
	mu      sync.Mutex
	last    uint64
	handles map[uintptr]entry // by address
}

type entry struct {
	number uint64
	put    check.Site // nil while lent
}

// lend enters a handle.
func lend[T bufio.Reader | bufio.Writer](l *ledger, h *T) *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handles == nil {
		l.handles = map[uintptr]entry{}
	}
	l.last++
	at, number := addressOf(h), l.last
	l.handles[at] = entry{number: number}
	runtime.AddCleanup(h, func(number uint64) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.handles[at].number == number { // or another handle lives there by now
			delete(l.handles, at)
		}
	}, number)
	return h
}

// settle panics, in the name of call, if h is not lent. One that the pool would not have
// kept anyway may be anybody's.
func settle[T bufio.Reader | bufio.Writer](l *ledger, call string, h *T, pooled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, known := l.handles[addressOf(h)]
	switch {
	case known && e.put != nil:
		panic(fmt.Sprintf("s3pool: %s twice; the first was at\n%s", call, e.put))
	case !known && pooled:
		panic(fmt.Sprintf("s3pool: %s of one that is not from this pool", call))
	case known:
		l.handles[addressOf(h)] = entry{number: e.number, put: check.Caller()}
	}
}

func addressOf[T any](h *T) uintptr { return uintptr(unsafe.Pointer(h)) }
