package xio_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/internal/xio"
)

type (
	bare     struct{ *os.File }
	ownRead  struct{ *os.File }
	ownByPtr struct{ *os.File }
	ownAll   struct{ *os.File }
	ownShort struct{ *os.File }
	above    struct{ ownRead }
	abovePtr struct{ *ownByPtr }
	valueBuf struct{ bufio.Reader }
	ownBuf   struct{ bufio.Reader }
	memory   struct{ *bytes.Reader }
	conn     struct{ *net.TCPConn }
	ownWrite struct{ *net.TCPConn }
	embedder struct{ io.Reader }
	pairOf   struct {
		io.Reader
		io.WriterTo
	}
	middle struct {
		http.ResponseWriter
		io.ReaderFrom
	}
	recorder struct{ middle }
	self     struct {
		*self //lint:ignore U1000 its shape matters
		*os.File
	}
	selfOwn struct {
		*selfOwn //lint:ignore U1000 its shape matters
		*os.File
	}
	generic[T any] struct {
		*os.File
		_ T
	}
	named os.File
)

func (ownRead) Read([]byte) (int, error)          { return 0, io.EOF }
func (*ownByPtr) Read([]byte) (int, error)        { return 0, io.EOF }
func (ownAll) Read([]byte) (int, error)           { return 0, io.EOF }
func (ownAll) WriteTo(io.Writer) (int64, error)   { return 0, nil }
func (ownAll) ReadAt([]byte, int64) (int, error)  { return 0, io.EOF }
func (ownShort) WriteTo(io.Writer) (int64, error) { return 0, nil }
func (*ownBuf) Read([]byte) (int, error)          { return 0, io.EOF }
func (memory) Read([]byte) (int, error)           { return 0, io.EOF }
func (ownWrite) Write(b []byte) (int, error)      { return len(b), nil }
func (recorder) Write(b []byte) (int, error)      { return len(b), nil }
func (selfOwn) Read([]byte) (int, error)          { return 0, io.EOF }
func (*generic[T]) Read([]byte) (int, error)      { return 0, io.EOF }
func (*named) Read([]byte) (int, error)           { return 0, io.EOF }
func (*named) WriteTo(io.Writer) (int64, error)   { return 0, nil }

func TestMisleads(t *testing.T) {
	for name, c := range map[string]struct {
		v    any
		by   xio.Detour
		want bool
	}{
		"nil":                                {nil, xio.WriteTo, false},
		"a file":                             {new(os.File), xio.WriteTo, false},
		"a type with the file's methods":     {bare{}, xio.WriteTo, false},
		"a pointer to it":                    {&bare{}, xio.WriteTo, false},
		"own Read":                           {ownRead{}, xio.WriteTo, true},
		"own Read, for ReadAt":               {ownRead{}, xio.ReadAt, true},
		"own Read, for Seek":                 {ownRead{}, xio.Seek, true},
		"own Read, for the descriptor":       {ownRead{}, xio.ReadConn, true},
		"own Read, but not Write":            {ownRead{}, xio.ReadFrom, false},
		"a pointer to own Read":              {&ownRead{}, xio.WriteTo, true},
		"own Read of the pointer":            {&ownByPtr{}, xio.WriteTo, true},
		"the value has the file's":           {ownByPtr{}, xio.WriteTo, false},
		"all its own":                        {ownAll{}, xio.WriteTo, false},
		"a pointer to all its own":           {&ownAll{}, xio.WriteTo, false},
		"own ReadAt, the file's Seek":        {ownAll{}, xio.Seek, true},
		"own WriteTo":                        {ownShort{}, xio.WriteTo, false},
		"two levels":                         {above{}, xio.WriteTo, true},
		"two levels by pointers":             {&abovePtr{}, xio.WriteTo, true},
		"bufio by value":                     {&valueBuf{}, xio.WriteTo, false},
		"bufio by value, own Read":           {&ownBuf{}, xio.WriteTo, true},
		"memory, for Len":                    {memory{}, xio.Len, true},
		"memory":                             {strings.NewReader(""), xio.Len, false},
		"a connection":                       {conn{}, xio.ReadFrom, false},
		"own Write":                          {ownWrite{}, xio.ReadFrom, true},
		"own Write, for the descriptor":      {&ownWrite{}, xio.WriteConn, true},
		"own Write, but not Read":            {ownWrite{}, xio.WriteTo, false},
		"an embedded interface":              {embedder{}, xio.WriteTo, false},
		"two embedded interfaces":            {pairOf{}, xio.WriteTo, false},
		"what middleware makes of responses": {middle{}, xio.ReadFrom, false},
		"and counts":                         {recorder{}, xio.ReadFrom, true},
		"itself":                             {self{}, xio.WriteTo, false},
		"itself, own Read":                   {selfOwn{}, xio.WriteTo, true},
		"a generic type":                     {&generic[int]{}, xio.WriteTo, true},
		"a named file":                       {&named{}, xio.WriteTo, false},
		"no struct":                          {net.Buffers{}, xio.WriteTo, false},
	} {
		for range 2 { // found, and remembered
			require.Equal(t, c.want, xio.Misleads(c.v, c.by), name)
		}
	}
}

func TestMisleadsAllocatesOnce(t *testing.T) {
	var r io.Reader = ownRead{}
	require.Zero(t, testing.AllocsPerRun(100, func() { xio.Misleads(r, xio.WriteTo) }))
}
