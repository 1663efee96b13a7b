package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3pool/s3pool/s3http"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// program returns the path of a program that CI must have. Elsewhere the test is left
// out where it is not installed.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed", name)
	}
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// A front serves the keys of the store's bucket, and takes uploads of up to limit bytes.
type front struct {
	*httptest.Server
	answering sync.WaitGroup // a client hears of a reset before the handler returns

	mu     sync.Mutex
	served []exchange
}

// An exchange is a request to a front, and its answer.
type exchange struct {
	method, rng string
	status      int
	err         error
}

const uploadLimit = 12 * mib

func (s *store) front(t *testing.T, c *transfer.Client, start func(*httptest.Server)) *front {
	f := &front{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.answering.Add(1)
		defer f.answering.Done()
		sw := &statusWriter{ResponseWriter: w}
		key := strings.TrimPrefix(r.URL.Path, "/")
		var err error
		if r.Method == http.MethodPut {
			in := &s3.PutObjectInput{Bucket: &s.bucket, Key: aws.String(key)}
			if _, err = s3http.Receive(sw, r, c, in, func(o *s3http.ReceiveOptions) { o.MaxBytes = uploadLimit }); err == nil {
				sw.WriteHeader(http.StatusCreated)
			}
		} else {
			err = s3http.Serve(sw, r, c, s.get(key))
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.served = append(f.served, exchange{r.Method, r.Header.Get("Range"), sw.status, err})
	}))
	start(f.Server)
	t.Cleanup(f.Close)
	return f
}

// last returns what has been asked, and answered, since the last call.
func (f *front) last() []exchange {
	f.answering.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.served
	f.served = nil
	return list
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// testCurl does what people do with curl, over HTTP/1.1 and HTTP/2.
func testCurl(t *testing.T, s *store) {
	curlPath := program(t, "curl")
	data := random(21, 5*partSize+100)
	put := s.put(t, "curled", data)
	for proto, start := range map[string]func(*httptest.Server){
		"http1.1": (*httptest.Server).Start,
		"http2":   func(f *httptest.Server) { f.EnableHTTP2 = true; f.StartTLS() },
	} {
		c, asked := s.serving(t)
		f := s.front(t, c, start)
		dir := t.TempDir()
		file := filepath.Join(dir, "file")
		// curl runs it in dir and returns what it writes, the status last.
		curl := func(t *testing.T, args ...string) (string, error) {
			t.Helper()
			args = append([]string{"-sS", "-k", "--" + proto, "--max-time", "60", "-w", "%{http_code}"}, args...)
			cmd := exec.CommandContext(t.Context(), curlPath, args...)
			cmd.Dir = dir
			out, err := cmd.Output()
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				t.Logf("curl %v: %v: %s", args, err, exit.Stderr)
			}
			return string(out), err
		}
		ok := func(t *testing.T, status string, args ...string) []exchange {
			t.Helper()
			out, err := curl(t, args...)
			require.NoError(t, err)
			require.Equal(t, status, out)
			return f.last()
		}
		read := func(t *testing.T) []byte {
			t.Helper()
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			return got
		}
		url := f.URL + "/curled"

		t.Run(proto+"/whole", func(t *testing.T) {
			ok(t, "200", "-o", "file", url)
			requireSame(t, data, read(t))
			out, err := curl(t, "-I", url)
			require.NoError(t, err)
			require.Contains(t, strings.ToLower(out), "content-length: "+strconv.Itoa(len(data)))
		})
		t.Run(proto+"/resume", func(t *testing.T) {
			f.last()
			for _, have := range []int{1, partSize, len(data) - 1} {
				require.NoError(t, os.WriteFile(file, data[:have], 0o600))
				did := ok(t, "206", "-C", "-", "-o", "file", url)
				requireSame(t, data, read(t))
				require.Equal(t, "bytes="+strconv.Itoa(have)+"-", did[0].rng)
			}
			// There is nothing left: curl reads that from the 416's Content-Range.
			ok(t, "416", "-C", "-", "-o", "file", url)
			requireSame(t, data, read(t))
		})
		t.Run(proto+"/ranges", func(t *testing.T) {
			for rng, want := range map[string][]byte{
				"0-99": data[:100], "100-": data[100:], "-100": data[len(data)-100:],
				"1048575-1048576": data[1048575:1048577],
			} {
				ok(t, "206", "-r", rng, "-o", "file", url)
				requireSame(t, want, read(t))
			}
			ok(t, "200", "-r", "0-9,20-29", "-o", "file", url)
			requireSame(t, data, read(t))
		})
		t.Run(proto+"/unchanged", func(t *testing.T) {
			ok(t, "200", "-R", "-o", "file", url) // with the object's time
			asked.Store(0)
			ok(t, "304", "-z", "file", "-o", "file2", url)
			require.EqualValues(t, 1, asked.Load(), "requests to S3")
			ok(t, "200", "-z", time.Now().Add(-48*time.Hour).UTC().Format(http.TimeFormat), "-o", "file", url)

			ok(t, "200", "--etag-save", "etag", "-o", "file", url)
			saved, err := os.ReadFile(filepath.Join(dir, "etag"))
			require.NoError(t, err)
			require.Equal(t, *put.ETag, strings.TrimSpace(string(saved)))
			asked.Store(0)
			ok(t, "304", "--etag-compare", "etag", "-o", "file2", url)
			require.EqualValues(t, 1, asked.Load(), "requests to S3")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "etag"), []byte(`"other"`), 0o600))
			ok(t, "200", "--etag-compare", "etag", "-o", "file", url)
			requireSame(t, data, read(t))
		})
		t.Run(proto+"/upload", func(t *testing.T) {
			sum := sha256.Sum256(data)
			digest := "Repr-Digest: sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
			require.NoError(t, os.WriteFile(file, data, 0o600))
			ok(t, "201", "-T", "file", "-H", digest, f.URL+"/up")
			ok(t, "200", "-o", "file", f.URL+"/up")
			requireSame(t, data, read(t))
			ok(t, "201", "-T", "file", "-H", "Transfer-Encoding: chunked", "-H", digest, f.URL+"/up")
			require.NoError(t, os.WriteFile(file, data[1:], 0o600))
			ok(t, "400", "-o", os.DevNull, "-T", "file", "-H", digest, f.URL+"/wrong")
			ok(t, "404", "-o", os.DevNull, f.URL+"/wrong")
			require.NoError(t, os.Truncate(file, uploadLimit+1))
			// Over HTTP/2 this curl may drop the rest of an answer that comes before it
			// has sent everything.
			out, _ := curl(t, "-o", os.DevNull, "-T", "file", f.URL+"/wrong")
			require.Equal(t, "413", out)
		})
		t.Run(proto+"/wrong", func(t *testing.T) {
			broken, _ := s.proxied(t, flipAt(int64(len(data)-1)))
			f := s.front(t, broken, start)
			_, err := curl(t, "-o", "file", f.URL+"/curled")
			require.Error(t, err, "a wrong byte, and curl took it")
			require.Less(t, len(read(t)), len(data))
			require.ErrorIs(t, f.last()[0].err, transfer.ErrIntegrity)
		})
	}
}
