package s3pool

import (
	"io"
	"math"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
)

// The manager tells a provider neither where a part goes nor how long it is: it
// passes a *manager.dlchunk, which hides the destination, and a
// *manager.suppressWriterAt, which hides the body. This file, and nothing else,
// looks behind the two. It only reads, by reflection, and checks every type it
// meets; with a manager that is built otherwise it sees nothing, and the
// Provider falls back to what works for any writer. TestPeek fails if the
// manager of our go.mod has changed.
//
// What it buys, in CPU of a download of 1.2 MB and 32 MB into an unsized
// manager.WriteAtBuffer, is in ARCHITECTURE.md.

// A chunk is what a manager.dlchunk is about to write.
type chunk struct {
	dst   io.WriterAt // the destination, as it was given to Download
	off   int64       // where the chunk starts in dst
	size  int64       // the most it may be, 0 if the caller of Download gave a Range
	whole bool        // the chunk is all there will be: the caller gave a Range
	id    *byte       // the first byte of the dlchunk, which is the same for each attempt
}

// end returns the offset in dst behind which nothing of the chunk is.
func (c chunk) end() int64 {
	if c.whole {
		return math.MaxInt64
	}
	return c.off + c.size
}

// most returns the bytes to collect for one write.
func (c chunk) most() int {
	if c.whole {
		return maxGather
	}
	return int(max(1, min(maxGather, c.size)))
}

// peekChunk looks into the writer given to Provider.GetReadFrom.
func peekChunk(w io.Writer) (c chunk, ok bool) {
	v := hidden(w, "dlchunk")
	if !v.IsValid() {
		return chunk{}, false
	}
	dst, start, size, cur, rng := v.FieldByName("w"), v.FieldByName("start"), v.FieldByName("size"), v.FieldByName("cur"), v.FieldByName("withRange")
	if !dst.IsValid() || dst.Type() != writerAtType || !start.CanInt() || !size.CanInt() || !cur.CanInt() || rng.Kind() != reflect.String {
		return chunk{}, false
	}
	c = chunk{
		// reflect does not give out the value of an unexported field by Interface, but
		// its address.
		dst:   *(*io.WriterAt)(dst.Addr().UnsafePointer()),
		off:   start.Int() + cur.Int(),
		size:  size.Int() - cur.Int(),
		whole: rng.Len() > 0,
		id:    (*byte)(v.Addr().UnsafePointer()),
	}
	if c.whole {
		c.size = 0
	}
	return c, true
}

// peekBody returns the sizedBody behind the reader that the manager passes to
// ReadFrom, or nil.
func peekBody(r io.Reader) *sizedBody {
	v := hidden(r, "suppressWriterAt")
	if !v.IsValid() {
		return nil
	}
	body := v.FieldByName("suppressed")
	if body.Kind() != reflect.Interface {
		return nil
	}
	return pointerTo[sizedBody](body.Elem())
}

var (
	managerPath  = reflect.TypeFor[manager.Downloader]().PkgPath()
	writerAtType = reflect.TypeFor[io.WriterAt]()
)

// hidden returns the struct that v points to if it is the manager's type name.
func hidden(v any, name string) reflect.Value {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return reflect.Value{}
	}
	s := p.Elem()
	if t := s.Type(); s.Kind() != reflect.Struct || t.Name() != name || t.PkgPath() != managerPath {
		return reflect.Value{}
	}
	return s
}

// pointerTo returns v as a *T if that is its type, else nil. reflect does not
// give out the value of an unexported field by Interface, but its address.
func pointerTo[T any](v reflect.Value) *T {
	if !v.IsValid() || v.Type() != reflect.TypeFor[*T]() {
		return nil
	}
	return (*T)(v.UnsafePointer())
}
