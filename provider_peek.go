package s3pool

import (
	"io"
	"os"
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
	dst   any   // the destination's io.WriterAt: one of the types in peekChunk, or nil
	off   int64 // where the chunk starts in dst
	size  int64 // the most it may be, 0 if the caller of Download gave a Range
	whole bool  // the chunk is all there will be: the caller gave a Range
}

// peekChunk looks into the writer given to Provider.GetReadFrom.
func peekChunk(w io.Writer) (c chunk, ok bool) {
	v := hidden(w, "dlchunk")
	if !v.IsValid() {
		return chunk{}, false
	}
	dst, start, size, cur, rng := v.FieldByName("w"), v.FieldByName("start"), v.FieldByName("size"), v.FieldByName("cur"), v.FieldByName("withRange")
	if dst.Kind() != reflect.Interface || !start.CanInt() || !size.CanInt() || !cur.CanInt() || rng.Kind() != reflect.String {
		return chunk{}, false
	}
	c = chunk{off: start.Int() + cur.Int(), size: size.Int() - cur.Int(), whole: rng.Len() > 0}
	if c.whole {
		c.size = 0
	}
	// Which file it is does not matter.
	if dst = dst.Elem(); dst.IsValid() && dst.Type() == fileType {
		c.dst = fileDestination{}
	} else if b := pointerTo[WriteAtBuffer](dst); b != nil {
		c.dst = b
	} else if b := pointerTo[manager.WriteAtBuffer](dst); b != nil {
		c.dst = b
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
	managerPath = reflect.TypeFor[manager.Downloader]().PkgPath()
	fileType    = reflect.TypeFor[*os.File]()
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
