package s3server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// minioCerts is where MinIO looks for its certificate. It is there for HTTP too,
// and empty: MinIO would look in the user's home otherwise.
const minioCerts = "certs"

// runMinIO runs the program cfg.MinIO, reports its address once it serves, and
// kills it when ctx ends, which is no error. MinIO knows nothing of its parent, so
// that it takes a child of ours, which does, to end it.
func runMinIO(ctx context.Context, cfg childConfig, ready func(addr string)) error {
	roots, err := minioCertificate(cfg)
	if err != nil {
		return err
	}
	probe := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer probe.CloseIdleConnections()
	// As with the gateway, another process may snatch the port.
	for range bindAttempts {
		var addr string
		if addr, err = freeAddr(); err != nil {
			return err
		}
		served := false
		err = serveMinIO(ctx, cfg, addr, probe, func() {
			served = true
			ready(addr)
		})
		if served || ctx.Err() != nil {
			break
		}
	}
	return err
}

// minioCertificate puts the certificate where MinIO looks for it, and returns the
// pool that trusts it; nil without TLS.
func minioCertificate(cfg childConfig) (*x509.CertPool, error) {
	dir := filepath.Join(cfg.Dir, minioCerts)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if !cfg.TLS {
		return nil, nil
	}
	roots := x509.NewCertPool()
	for ours, theirs := range map[string]string{certFile: "public.crt", keyFile: "private.key"} {
		pem, err := os.ReadFile(filepath.Join(cfg.Dir, ours))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, theirs), pem, 0o600); err != nil {
			return nil, err
		}
		if ours == certFile {
			roots.AppendCertsFromPEM(pem)
		}
	}
	return roots, nil
}

// serveMinIO returns when MinIO has ended.
func serveMinIO(ctx context.Context, cfg childConfig, addr string, probe *http.Client, onListen func()) error {
	cmd := exec.CommandContext(ctx, cfg.MinIO, "server", "--quiet", "--address", addr,
		"--certs-dir", filepath.Join(cfg.Dir, minioCerts), filepath.Join(cfg.Dir, dataDir))
	ambient := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "MINIO_") })
	cmd.Env = append(ambient,
		"MINIO_ROOT_USER="+cfg.AccessKey,
		"MINIO_ROOT_PASSWORD="+cfg.SecretKey,
		"MINIO_BROWSER=off",
		"MINIO_UPDATE=off",
		"HOME="+cfg.Dir, // for a directory that it makes and does not use
	)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}

	alive, died := context.WithCancel(ctx)
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		if minioReady(alive, cfg, addr, probe) {
			onListen()
		}
	}()
	cmd.Wait() // what it says is in cmd.ProcessState, too
	died()
	<-probed
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("minio ended by itself: %v", cmd.ProcessState)
}

// minioReady waits until MinIO serves, and reports false if ctx ends before.
func minioReady(ctx context.Context, cfg childConfig, addr string, probe *http.Client) bool {
	url := "http://" + addr + "/minio/health/ready"
	if cfg.TLS {
		url = "https" + strings.TrimPrefix(url, "http")
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		if resp, err := probe.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}
