package putbody_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/internal/xio"
)

// upper is the Read of the types below: what it embeds, in capitals.
func upper(n int, b []byte, err error) (int, error) {
	copy(b, bytes.ToUpper(b[:n]))
	return n, err
}

type (
	plainFile   struct{ *os.File }
	upperFile   struct{ *os.File }
	upperByPtr  struct{ *os.File }
	upperDeep   struct{ *upperByPtr }
	upperMemory struct{ *bytes.Reader }
	upperString struct{ strings.Reader }
	upperBuffer struct{ *bytes.Buffer }
	upperBufio  struct{ *bufio.Reader }
	upperSect   struct{ *io.SectionReader }
	upperAll    struct{ *os.File }
	countedAt   struct {
		*os.File
		n *int
	}
)

func (u upperFile) Read(b []byte) (int, error)   { n, err := u.File.Read(b); return upper(n, b, err) }
func (u *upperByPtr) Read(b []byte) (int, error) { n, err := u.File.Read(b); return upper(n, b, err) }
func (u upperMemory) Read(b []byte) (int, error) { n, err := u.Reader.Read(b); return upper(n, b, err) }
func (u *upperString) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	return upper(n, b, err)
}
func (u upperBuffer) Read(b []byte) (int, error) { n, err := u.Buffer.Read(b); return upper(n, b, err) }
func (u upperBufio) Read(b []byte) (int, error)  { n, err := u.Reader.Read(b); return upper(n, b, err) }
func (u upperSect) Read(b []byte) (int, error) {
	n, err := u.SectionReader.Read(b)
	return upper(n, b, err)
}
func (u upperAll) Read(b []byte) (int, error) { n, err := u.File.Read(b); return upper(n, b, err) }
func (u upperAll) ReadAt(b []byte, off int64) (int, error) {
	n, err := u.File.ReadAt(b, off)
	return upper(n, b, err)
}
func (u upperAll) Seek(off int64, whence int) (int64, error) { return u.File.Seek(off, whence) }
func (c countedAt) ReadAt(b []byte, off int64) (int, error)  { *c.n++; return c.File.ReadAt(b, off) }

// A body is what its Read returns. What it got from something it embeds is not asked
// where it has a Read of its own.
func TestClassifyAsksTheTypeItself(t *testing.T) {
	file := func() *os.File {
		name := filepath.Join(t.TempDir(), "body")
		require.NoError(t, os.WriteFile(name, []byte("-body"), 0o666))
		f, err := os.Open(name)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		_, err = f.Seek(1, io.SeekStart)
		require.NoError(t, err)
		return f
	}
	for name, c := range map[string]struct {
		r       io.Reader
		section bool
		size    int64
		want    string
	}{
		"a file":                       {file(), true, 4, "body"},
		"a type around a file":         {plainFile{file()}, true, 4, "body"},
		"own Read":                     {upperFile{file()}, false, -1, "BODY"},
		"a pointer to own Read":        {&upperFile{file()}, false, -1, "BODY"},
		"own Read of the pointer":      {&upperByPtr{file()}, false, -1, "BODY"},
		"two levels":                   {upperDeep{&upperByPtr{file()}}, false, -1, "BODY"},
		"memory":                       {bytes.NewReader([]byte("body")), true, 4, "body"},
		"memory, own Read":             {upperMemory{bytes.NewReader([]byte("body"))}, false, -1, "BODY"},
		"a string by value, own Read":  {&upperString{*strings.NewReader("body")}, false, -1, "BODY"},
		"a buffer":                     {bytes.NewBufferString("body"), false, 4, "body"},
		"a buffer, own Read":           {upperBuffer{bytes.NewBufferString("body")}, false, -1, "BODY"},
		"bufio, own Read":              {upperBufio{bufio.NewReader(strings.NewReader("body"))}, false, -1, "BODY"},
		"a section":                    {io.NewSectionReader(file(), 1, 4), true, 4, "body"},
		"a section, own Read":          {upperSect{io.NewSectionReader(file(), 1, 4)}, false, -1, "BODY"},
		"own Read, ReadAt and Seek":    {upperAll{file()}, true, 4, "BODY"},
		"own ReadAt, the file's Read":  {countedAt{file(), new(int)}, true, 4, "body"},
		"a section of own ReadAt":      {io.NewSectionReader(upperAll{file()}, 1, 4), true, 4, "BODY"},
		"/dev/null":                    {plainFile{open(t, os.DevNull)}, false, -1, ""},
		"only a Reader":                {struct{ io.Reader }{strings.NewReader("body")}, false, -1, "body"},
		"a limit on own Read":          {io.LimitReader(upperFile{file()}, 3), false, -1, "BOD"},
		"a limit on a type around one": {io.LimitReader(plainFile{file()}, 3), false, -1, "bod"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := putbody.New(c.r, nil)
			require.NoError(t, err)
			require.Equal(t, c.size, b.Size)
			require.Equal(t, c.section, b.At != nil)
			var got []byte
			if b.At != nil {
				got = make([]byte, b.Size)
				_, err = b.At.ReadAt(got, b.Base)
			} else {
				got, err = io.ReadAll(b.R)
			}
			if err != io.EOF {
				require.NoError(t, err)
			}
			require.Equal(t, c.want, string(got))
		})
	}
}

func open(t *testing.T, name string) *os.File {
	f, err := os.Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// A readerAt answers as told, and looks behind what it is given.
type readerAt struct {
	n    int
	err  error
	room int
}

func (r *readerAt) ReadAt(b []byte, _ int64) (int, error) {
	r.room = max(r.room, cap(b)-len(b))
	return r.n, r.err
}

// A ReadAt of a caller's that counts wrongly is an error of the request, and sees nothing
// of the memory behind its slice.
func TestBadReadAt(t *testing.T) {
	pool := mem.New(0)
	boom := fmt.Errorf("boom")
	for name, c := range map[string]struct {
		at   readerAt
		want error
	}{
		"negative":     {readerAt{n: -1}, xio.ErrBadCount},
		"the least":    {readerAt{n: math.MinInt, err: boom}, xio.ErrBadCount},
		"too much":     {readerAt{n: 1000}, xio.ErrBadCount},
		"too much+EOF": {readerAt{n: 1000, err: io.EOF}, xio.ErrBadCount},
		"an error":     {readerAt{n: 3, err: boom}, boom},
		"all+error":    {readerAt{n: 10, err: boom}, nil},
		"all+EOF":      {readerAt{n: 10, err: io.EOF}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := putbody.Payload{At: &c.at, N: 10}
			err := p.WriteTo(context.Background(), io.Discard, pool)
			w := p.Window(pool, func() {})
			n, werr := w.Read(make([]byte, 10, 100))
			require.Zero(t, c.at.room, "bytes behind the slice")
			if c.want == nil {
				require.NoError(t, err)
				require.NoError(t, werr)
				require.Equal(t, 10, n)
				require.NoError(t, w.Shut())
				return
			}
			require.ErrorIs(t, err, c.want)
			require.ErrorIs(t, werr, c.want)
			require.GreaterOrEqual(t, n, 0)
			require.ErrorIs(t, w.Shut(), c.want)
			require.Zero(t, pool.Stats().Scratch.Leased)
		})
	}
}
