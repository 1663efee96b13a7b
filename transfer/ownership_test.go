package transfer_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/transfer"
)

// TestOwnership transfers pooled buffers to and from a server that does its
// worst, and releases each buffer at the very moment the call returns. Under the
// race detector released buffers are poison: nobody may send it, and nobody may
// write over it, which the next holder and newPool's last look would notice.
func TestOwnership(t *testing.T) {
	rounds := 10_000
	if !check.Enabled {
		rounds = 1_000 // nothing is poisoned: this only shows that it works
	}
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			srv := newAdversary(t, scheme == "https")
			p := newPool(t)
			w := &ownershipWorkload{pool: p, client: srv.client(t), srv: srv, dir: t.TempDir()}
			const workers = 25
			var wg sync.WaitGroup
			for id := range workers {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(id), 3))
					for range rounds / 2 / workers {
						w.round(t, rng)
					}
				})
			}
			wg.Wait()
			require.Zero(t, srv.poisoned.Load(), "bytes of released buffers reached the server")
			for what, n := range map[string]int64{
				"downloads that succeeded": w.downloaded.Load(), "uploads that succeeded": w.uploaded.Load(),
				"early answers": srv.early.Load(), "resets": srv.resets.Load(), "silences": srv.silences.Load(),
				"cancellations": w.cancelled.Load(), "failures": w.failed.Load(),
			} {
				require.NotZero(t, n, what)
				t.Logf("%d %s", n, what)
			}
		})
	}
}

// TestOwnershipOfPut does the same with the client's own uploads, whose buffers are not
// the caller's to release.
func TestOwnershipOfPut(t *testing.T) {
	rounds := 10_000
	if !check.Enabled {
		rounds = 1_000
	}
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			srv := newAdversary(t, scheme == "https")
			p := newPool(t)
			c := newClient(p, srv.client(t), smallParts, func(o *transfer.Options) { o.MaxRetries = 1 })
			var right, cancelled, failed atomic.Int64
			const workers = 10 // more would only wait for processors until their contexts end
			var wg sync.WaitGroup
			for id := range workers {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(id), 4))
					for range rounds / 2 / workers {
						ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // ends a silence
						if rng.IntN(4) == 0 {
							time.AfterFunc(time.Duration(rng.IntN(8000))*time.Microsecond, cancel)
						}
						body := make([]byte, rng.IntN(4*testPart))
						for i := range body {
							body[i] = objectByte(i)
						}
						in := put(plain(bytes.NewReader(body)))
						switch rng.IntN(3) {
						case 0:
							in.ContentLength = aws.Int64(int64(len(body)))
						case 1:
							in.Body = bytes.NewReader(body)
						}
						_, err := c.Put(ctx, in)
						clear(body) // it is ours again
						switch {
						case err == nil:
							right.Add(1)
						case ctx.Err() != nil:
							cancelled.Add(1)
						default:
							failed.Add(1)
						}
						cancel()
					}
				})
			}
			wg.Wait()
			assertNoError(t, c.Close(t.Context()))
			for what, n := range map[string]int64{
				"right": right.Load(), "cancelled": cancelled.Load(), "failed": failed.Load(),
				"early answers": srv.early.Load(), "resets": srv.resets.Load(), "silences": srv.silences.Load(),
			} {
				require.NotZero(t, n, what)
				t.Logf("%d %s", n, what)
			}
			require.Zero(t, srv.poisoned.Load(), "bytes of released buffers reached the server")
			require.Zero(t, srv.wrong.Load(), "bodies that do not match their checksum")
			srv.mu.Lock()
			defer srv.mu.Unlock()
			require.NotEmpty(t, srv.uploads)
			for id, open := range srv.uploads {
				require.False(t, open, "upload %s of %d is left open", id, len(srv.uploads))
			}
		})
	}
}

// objectByte is never poison.
func objectByte(i int) byte { return byte((i*7 + i>>8*13) % 200) }

type ownershipWorkload struct {
	pool   *s3pool.Pool
	client *s3.Client
	srv    *adversary
	dir    string

	downloaded, uploaded, cancelled, failed atomic.Int64
}

func (w *ownershipWorkload) round(t *testing.T, rng *rand.Rand) {
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond) // ends a silence
	defer cancel()
	if rng.IntN(4) == 0 {
		stop := time.AfterFunc(time.Duration(rng.IntN(4000))*time.Microsecond, cancel)
		defer stop.Stop()
	}
	size := 1 + rng.IntN(256*kib)
	var err error
	var done *atomic.Int64
	switch n := rng.IntN(200); {
	case n < 80:
		done, err = &w.downloaded, w.intoMemory(ctx, t, size)
	case n < 100:
		done, err = &w.downloaded, w.intoFile(ctx, t, rng, size)
	case n < 199:
		done, err = &w.uploaded, w.upload(ctx, t, size)
	default:
		done, err = &w.uploaded, w.upload(ctx, t, int(manager.MinUploadPartSize)+size)
	}
	switch {
	case err == nil:
		done.Add(1)
	case ctx.Err() != nil:
		w.cancelled.Add(1)
	default:
		w.failed.Add(1)
	}
}

func (w *ownershipWorkload) downloader() *manager.Downloader {
	return w.pool.NewDownloader(w.client, func(d *manager.Downloader) { d.PartSize = 64 * kib; d.Concurrency = 3; d.PartBodyMaxRetries = 1 })
}

func (w *ownershipWorkload) intoMemory(ctx context.Context, t *testing.T, size int) error {
	b := w.pool.NewWriteAtBuffer()
	defer b.Release()
	_, err := w.downloader().Download(ctx, b, objectOf(size))
	if err == nil {
		w.requireObject(t, b.Bytes(), size)
	}
	return err
}

func (w *ownershipWorkload) intoFile(ctx context.Context, t *testing.T, rng *rand.Rand, size int) error {
	f, err := os.Create(filepath.Join(w.dir, fmt.Sprint(rng.Uint64())))
	if !assertNoError(t, err) {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	_, err = w.downloader().Download(ctx, f, objectOf(size))
	if err == nil {
		got, err := os.ReadFile(f.Name())
		assertNoError(t, err)
		w.requireObject(t, got, size)
	}
	return err
}

func (w *ownershipWorkload) requireObject(t *testing.T, got []byte, size int) {
	if len(got) != size {
		t.Errorf("%d bytes of an object of %d", len(got), size)
		return
	}
	for i, c := range got {
		if c != objectByte(i) {
			t.Errorf("byte %d of %d is wrong", i, size)
			return
		}
	}
}

func (w *ownershipWorkload) upload(ctx context.Context, t *testing.T, size int) error {
	b, err := w.pool.Acquire(ctx, size)
	if err != nil {
		return err
	}
	defer b.Release()
	body := b.Bytes()
	for i := range body {
		body[i] = objectByte(i)
	}
	in := objectOf(size)
	_, err = w.pool.NewUploader(w.client).Upload(ctx, &s3.PutObjectInput{Bucket: in.Bucket, Key: in.Key, Body: bytes.NewReader(body)})
	return err
}

// objectOf names an object; the server knows its size by its key.
func objectOf(size int) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(fmt.Sprint(size))}
}

// An adversary speaks enough S3 on raw connections to answer early, to fall
// silent and to reset, and reads on after it has answered: whatever a client
// still sends is looked at.
type adversary struct {
	ln  net.Listener
	tls *tls.Config
	url string
	wg  sync.WaitGroup

	poisoned, early, resets, silences atomic.Int64

	wrong atomic.Int64 // bodies read to their end that do not match their checksum

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	uploads map[string]bool // multipart uploads, by id: whether they are open
}

func newAdversary(t *testing.T, secure bool) *adversary {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	a := &adversary{ln: ln, url: "http://" + ln.Addr().String(), conns: map[net.Conn]struct{}{}, uploads: map[string]bool{}}
	if secure {
		a.url = "https://" + ln.Addr().String()
		borrowed := httptest.NewTLSServer(nil) // for its certificate
		a.tls = &tls.Config{Certificates: borrowed.TLS.Certificates}
		borrowed.Close()
	}
	a.wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			a.mu.Lock()
			a.conns[conn] = struct{}{}
			a.mu.Unlock()
			a.wg.Go(func() { a.serve(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		a.mu.Lock()
		for conn := range a.conns {
			conn.Close()
		}
		a.mu.Unlock()
		a.wg.Wait()
	})
	return a
}

func (a *adversary) client(t *testing.T) *s3.Client {
	tr := &http.Transport{
		MaxIdleConnsPerHost:   16,
		ExpectContinueTimeout: time.Millisecond,
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: true},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return s3.New(s3.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(a.url),
		UsePathStyle: true,
		HTTPClient:   &http.Client{Transport: tr},
		// Over TLS this sends aws-chunked bodies with trailers, another way of reading.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 2
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
}

func (a *adversary) serve(raw net.Conn) {
	defer func() {
		raw.Close()
		a.mu.Lock()
		delete(a.conns, raw)
		a.mu.Unlock()
	}()
	conn := raw
	if a.tls != nil {
		conn = tls.Server(raw, a.tls)
	}
	br := bufio.NewReaderSize(conn, 64*kib)
	for {
		req, err := http.ReadRequest(br)
		if err != nil || !a.answer(raw, conn, br, req) {
			return
		}
	}
}

// answer reports whether the connection can be used again.
func (a *adversary) answer(raw, conn net.Conn, br *bufio.Reader, req *http.Request) bool {
	const slowDown = "HTTP/1.1 503 Slow Down\r\nContent-Length: 51\r\n\r\n<Error><Code>SlowDown</Code><Message/></Error>     "
	reset := func() bool {
		a.resets.Add(1)
		raw.(*net.TCPConn).SetLinger(0)
		raw.Close()
		return false
	}
	if req.Header.Get("Expect") != "" && rand.IntN(2) == 0 {
		io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
	}
	mode := rand.IntN(10)
	switch req.Method {
	case http.MethodPut:
		before := rand.Int64N(max(req.ContentLength, 1))
		switch {
		case mode < 6:
			sum := crc.NewSum(crc.CRC64NVME)
			err := a.look(io.TeeReader(req.Body, sum), -1)
			if want := req.Header.Get("X-Amz-Checksum-Crc64nvme"); err == nil && want != "" && want != sum.Value().String() {
				a.wrong.Add(1)
			}
			_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n")
			return err == nil
		case mode < 8:
			a.look(req.Body, before)
			a.early.Add(1)
			if _, err := io.WriteString(conn, slowDown); err != nil {
				return false
			}
			return a.look(req.Body, -1) == nil
		case mode < 9:
			a.look(req.Body, before)
			return reset()
		default:
			a.silences.Add(1)
			a.look(req.Body, -1)
			br.Peek(1) // until the client gives up
			return false
		}
	case http.MethodGet:
		return a.get(conn, br, req, mode, slowDown, reset)
	}
	// The frame of a multipart upload.
	a.look(req.Body, -1)
	body := ""
	id := req.URL.Query().Get("uploadId")
	a.mu.Lock()
	if id == "" {
		id = fmt.Sprint("u", len(a.uploads))
		a.uploads[id] = true
	} else {
		a.uploads[id] = false
	}
	a.mu.Unlock()
	if req.Method == http.MethodPost {
		body = "<R><Bucket>bucket</Bucket><Key>key</Key><UploadId>" + id + "</UploadId><ETag>e</ETag></R>"
	}
	_, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return err == nil
}

func (a *adversary) get(conn net.Conn, br *bufio.Reader, req *http.Request, mode int, slowDown string, reset func() bool) bool {
	var size, from, to int
	fmt.Sscanf(req.URL.Path, "/bucket/%d", &size)
	fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-%d", &from, &to)
	to = min(to+1, size)
	if mode == 9 {
		a.early.Add(1)
		_, err := io.WriteString(conn, slowDown)
		return err == nil
	}
	body := make([]byte, to-from)
	for i := range body {
		body[i] = objectByte(from + i)
	}
	fmt.Fprintf(conn, "HTTP/1.1 206 Partial Content\r\nETag: \"x\"\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n", from, to-1, size, to-from)
	cut := rand.IntN(len(body))
	switch {
	case mode < 6:
		_, err := conn.Write(body)
		return err == nil
	case mode < 7:
		conn.Write(body[:cut])
		return false
	case mode < 8:
		conn.Write(body[:cut])
		return reset()
	default:
		a.silences.Add(1)
		conn.Write(body[:cut])
		br.Peek(1) // until the client gives up
		return false
	}
}

// look reads up to n bytes of a request's body, all of it for n < 0, and counts
// poison.
func (a *adversary) look(body io.Reader, n int64) error {
	if n >= 0 {
		body = io.LimitReader(body, n)
	}
	buf := make([]byte, 16*kib)
	for {
		m, err := body.Read(buf)
		if i := bytes.IndexByte(buf[:m], check.PoisonByte); i >= 0 {
			a.poisoned.Add(1)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
