package s3server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

const (
	defaultRegion = "us-east-1"

	// Files and directories in the temporary directory. The gateway wants its
	// metadata outside of its data.
	dataDir  = "data"
	metaDir  = "meta"
	certFile = "cert.pem"
	keyFile  = "key.pem"
)

// errNoMain keeps a program that forgot Main from re-executing itself for ever.
var errNoMain = errors.New("s3server: call s3server.Main first thing in main or TestMain")

// embedded starts versitygw, or MinIO, in a child.
func embedded(ctx context.Context, o Options) (_ *Server, err error) {
	if !mainCalled.Load() {
		return nil, errNoMain
	}
	dir, err := os.MkdirTemp(o.Dir, "s3pool-s3server-")
	if err != nil {
		return nil, fmt.Errorf("s3server: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeAll(dir))
		}
	}()
	for _, sub := range []string{dataDir, metaDir} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("s3server: %w", err)
		}
	}

	transport := sdkTransport(nil)
	scheme := "http"
	if o.TLS {
		scheme = "https"
		roots, err := makeCertificate(dir)
		if err != nil {
			return nil, fmt.Errorf("s3server: make a certificate: %w", err)
		}
		if transport.TLSClientConfig == nil {
			transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		transport.TLSClientConfig.RootCAs = roots
	}

	cc := childConfig{
		Dir:       dir,
		AccessKey: rand.Text(),
		SecretKey: rand.Text(),
		Region:    defaultRegion,
		TLS:       o.TLS,
		Sidecar:   o.sidecar,
		MinIO:     o.MinIO,
	}
	name := "versitygw" + versionSuffix()
	if o.MinIO != "" {
		name = "MinIO"
	}
	child, addr, err := startChild(ctx, cc)
	if err != nil {
		return nil, fmt.Errorf("s3server: start %s: %w", name, err)
	}
	s := newServer(name, scheme+"://"+addr, aws.Config{
		Region:                     cc.Region,
		Credentials:                credentials.NewStaticCredentialsProvider(cc.AccessKey, cc.SecretKey, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}, transport)
	s.child = child
	return s, nil
}

// versionSuffix returns " v1.8.0", or nothing where the build does not say.
func versionSuffix() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/versity/versitygw" {
			return " " + m.Version
		}
	}
	return ""
}

// removeAll removes dir. It tries more than once, since a request that is
// still being served may put a file into a directory that is being emptied.
func removeAll(dir string) error {
	var err error
	for range 5 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
	}
	return err
}
