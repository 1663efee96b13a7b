package s3server

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
)

const (
	// bindAttempts is how often another process may snatch our port.
	bindAttempts = 5

	// maxConnections and maxRequests are beyond what tests open.
	maxConnections = 1 << 14
	maxRequests    = 1 << 14

	maxParts = 10_000

	// maxCopy is S3's own limit of a CopyObject, in bytes. Zero would refuse every copy.
	maxCopy = 5 << 30
)

// runGateway serves S3 from cfg.Dir and reports its address once it listens.
//
// The gateway cannot tell which port it got for port 0, so we take a free one,
// release it, and try again if somebody else was faster.
func runGateway(cfg childConfig, ready func(addr string)) error {
	var err error
	for range bindAttempts {
		var addr string
		if addr, err = freeAddr(); err != nil {
			return err
		}
		var listening atomic.Bool
		err = serveGateway(cfg, addr, func() {
			listening.Store(true)
			ready(addr)
		})
		if listening.Load() {
			break
		}
	}
	return err
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	addr := l.Addr().String()
	return addr, l.Close()
}

func serveGateway(cfg childConfig, addr string, onListen func()) error {
	be, err := newBackend(cfg)
	if err != nil {
		return err
	}
	gw := &embedgw.Config{
		RootUserAccess:    cfg.AccessKey,
		RootUserSecret:    cfg.SecretKey,
		Region:            cfg.Region,
		Ports:             []string{addr},
		MaxConnections:    maxConnections,
		MaxRequests:       maxRequests,
		MultipartMaxParts: maxParts,
		Quiet:             true,
		// Without it the gateway closes the connection after every request.
		KeepAlive: true,
		S3Options: []s3api.Option{s3api.WithOnListen(onListen)},
	}
	if cfg.TLS {
		gw.CertFile = filepath.Join(cfg.Dir, certFile)
		gw.KeyFile = filepath.Join(cfg.Dir, keyFile)
	}
	return embedgw.RunVersityGW(context.Background(), be, gw)
}

// newBackend stores objects as files. It changes the working directory.
func newBackend(cfg childConfig) (backend.Backend, error) {
	data := filepath.Join(cfg.Dir, dataDir)
	if !cfg.Sidecar && hasXattrs(cfg.Dir) {
		return posix.New(data, meta.XattrMeta{}, posix.PosixOpts{CopyObjectThreshold: maxCopy})
	}
	sidecar := filepath.Join(cfg.Dir, metaDir)
	m, err := meta.NewSideCar(sidecar)
	if err != nil {
		return nil, fmt.Errorf("metadata in %s: %w", sidecar, err)
	}
	return posix.New(data, m, posix.PosixOpts{SideCarDir: sidecar, CopyObjectThreshold: maxCopy})
}

// hasXattrs tries, since neither the system nor the file system's type tells
// for sure: a tmpfs has user attributes or not by the kernel's version.
func hasXattrs(dir string) bool {
	return meta.XattrMeta{}.StoreAttribute(nil, dir, "", "s3pool-probe", []byte("1")) == nil
}
