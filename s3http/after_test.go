package s3http_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
)

// TestCancelHTTP2: clients that go away at any moment, over one HTTP/2 connection, end
// neither the process nor another's response. What sets a deadline must not run when the
// handler has returned: the stream is nobody's then, and net/http dereferences nil in a
// goroutine that nobody recovers.
func TestCancelHTTP2(t *testing.T) {
	fake := newUploadFake()
	object := pattern(3*testPart + 5)
	fake.Put("bucket", "key", object)
	c := newClient(newPool(t), fake.Client(), smallParts)
	var handlers sync.WaitGroup // a server does not wait for those of streams
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers.Add(1)
		defer handlers.Done()
		if r.Method == http.MethodPut {
			if _, err := s3http.Receive(w, r, c, put(nil)); err == nil {
				w.WriteHeader(http.StatusCreated)
			}
			return
		}
		s3http.Serve(w, r, c, get(""))
	}))
	front.EnableHTTP2 = true
	front.StartTLS()
	client := front.Client()
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			for range rounds {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.IntN(4000))*time.Microsecond)
				method, body := http.MethodGet, io.Reader(nil)
				if rng.IntN(3) == 0 {
					method, body = http.MethodPut, bytes.NewReader(object)
				}
				req, _ := http.NewRequestWithContext(ctx, method, front.URL, body)
				resp, err := client.Do(req)
				if err == nil {
					var got []byte
					if got, err = io.ReadAll(resp.Body); err == nil && resp.StatusCode == 200 && !bytes.Equal(object, got) {
						t.Errorf("%d bytes of %d, and no error", len(got), len(object))
					}
					resp.Body.Close()
				}
				cancel()
			}
		})
	}
	wg.Wait()
	client.CloseIdleConnections()
	front.Close()
	handlers.Wait()
}

// TestDeadlineOfTheNext: the context of one request ends as its response does. The next
// request on the connection has its whole response, or Serve says that its own failed.
func TestDeadlineOfTheNext(t *testing.T) {
	fake := s3test.New()
	object := pattern(testPart / 2)
	fake.Put("bucket", "key", object)
	c := newClient(newPool(t), fake.Client())
	rng := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	running, ended := 0, sync.NewCond(&mu)
	results := map[string][]error{} // of Serve, by the request's path
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		running++
		wait := time.Duration(100+rng.IntN(400)) * time.Microsecond
		mu.Unlock()
		ctx := r.Context()
		if strings.HasPrefix(r.URL.Path, "/hasty") {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, wait)
			defer cancel()
		}
		err := s3http.Serve(w, r.WithContext(ctx), c, get(""))
		mu.Lock()
		defer mu.Unlock()
		results[r.URL.Path] = append(results[r.URL.Path], err)
		running--
		ended.Broadcast()
	}))
	defer front.Close()
	client := front.Client()
	client.Transport.(*http.Transport).MaxConnsPerHost = 1
	ask := func(path string) (serve []error, answer error) {
		resp, err := client.Get(front.URL + path)
		if err == nil {
			var got []byte
			if got, err = io.ReadAll(resp.Body); err == nil && (resp.StatusCode != 200 || !bytes.Equal(object, got)) {
				err = fmt.Errorf("status %d, %d bytes", resp.StatusCode, len(got))
			}
			resp.Body.Close()
		}
		mu.Lock()
		defer mu.Unlock()
		for running > 0 {
			ended.Wait()
		}
		return results[path], err
	}
	served := 0
	for i := range 400 {
		results, err := ask(fmt.Sprintf("/hasty/%d", i))
		if len(results) > 0 && results[len(results)-1] == nil {
			require.NoError(t, err, "Serve has returned nil")
			served++
		}
		results, err = ask(fmt.Sprintf("/calm/%d", i))
		require.NoError(t, err, "the response behind a broken one; Serve: %v", results)
	}
	t.Logf("%d of 400 hasty responses served", served)
	client.CloseIdleConnections()
}

// An ending writer has its context end with the last byte, and has no deadlines.
type ending struct {
	*httptest.ResponseRecorder
	cancel context.CancelFunc
}

func (e ending) Write(p []byte) (int, error) {
	n, err := e.ResponseRecorder.Write(p)
	e.cancel()
	runtime.Gosched() // lets what watches the context run
	return n, err
}

// TestContextEndsWithTheLastByte: a response that has been written whole is a success, also
// where nothing could have broken it off.
func TestContextEndsWithTheLastByte(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(1000))
	c := newClient(newPool(t), fake.Client())
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		w := ending{httptest.NewRecorder(), cancel}
		require.NoError(t, s3http.Serve(w, request("GET", "").WithContext(ctx), c, get("")))
		require.Equal(t, pattern(1000), w.Body.Bytes())
	}
}
