//go:build !linux

package zerocopy

import (
	"io"
	"net"
	"os"
	"runtime"
)

// hasSendfile repeats the build tag of net's sendfile.go.
const hasSendfile = runtime.GOOS == "darwin" || runtime.GOOS == "dragonfly" || runtime.GOOS == "freebsd" ||
	runtime.GOOS == "solaris" || runtime.GOOS == "illumos" || runtime.GOOS == "windows"

// sendfile leaves it to net where Go has a sendfile. It has none for sections.
func (z copier) sendfile(c *net.TCPConn, src io.Reader) (int64, error) {
	f := src
	if l, ok := src.(*io.LimitedReader); ok {
		f = l.R
	}
	if _, ok := f.(*os.File); !ok || !hasSendfile {
		return z.pump(c, src)
	}
	return c.ReadFrom(src)
}

// splice is Linux's own.
func (z copier) splice(c *net.TCPConn, src io.Reader) (int64, error) {
	return z.pump(c, src)
}

// spliceToFile is Linux's own.
func (z copier) spliceToFile(f *os.File, src io.Reader) (int64, error) {
	return z.pump(f, src)
}

// copyRange is used on Linux. FreeBSD has one too; nobody has measured it here.
func (z copier) copyRange(f *os.File, src io.Reader) (int64, error) {
	return z.pump(f, src)
}
