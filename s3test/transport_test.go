package s3test_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

// call sends a request to h in process.
func call(ctx context.Context, h http.HandlerFunc, method string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://s3.test/a%2Fb?q=1", body)
	if err != nil {
		return nil, err
	}
	return (&http.Client{Transport: &s3test.Transport{Handler: h}}).Do(req)
}

func TestTransportRequest(t *testing.T) {
	resp, err := call(t.Context(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a/b" || r.URL.RawPath != "/a%2Fb" || r.RequestURI != "/a%2Fb?q=1" || r.Host != "s3.test" || r.URL.Host != "" {
			http.Error(w, "wrong", 400)
			return
		}
		data, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Length", http.StatusText(int(r.ContentLength)))
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("X-Late", "not seen")
		_, _ = w.Write(nil)
		_, _ = w.Write(bytes.ToUpper(data))
	}, http.MethodPost, strings.NewReader("hello"))
	require.NoError(t, err)
	require.Equal(t, http.StatusTeapot, resp.StatusCode)
	require.EqualValues(t, -1, resp.ContentLength)
	require.Empty(t, resp.Header.Get("X-Late"))
	require.NotEmpty(t, resp.Header.Get("Date"))
	require.NoError(t, iotest.TestReader(resp.Body, []byte("HELLO")))
	require.NoError(t, resp.Body.Close())
	_, err = resp.Body.Read(make([]byte, 1))
	require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
}

func TestTransportBodies(t *testing.T) {
	tests := map[string]struct {
		method string
		h      http.HandlerFunc
		length int64
		body   string
		err    error // of reading the body
	}{
		"nothing": {"GET", func(http.ResponseWriter, *http.Request) {}, -1, "", nil},
		"head": {"HEAD", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hello")
		}, 5, "", nil},
		"no content": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			_, _ = io.WriteString(w, "hello")
		}, 0, "", nil},
		"short": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "6")
			_, _ = io.WriteString(w, "hello")
		}, 6, "hello", io.ErrUnexpectedEOF},
		"long": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hello")
			_, _ = io.WriteString(w, "!")
		}, 5, "hello", nil},
		"aborted": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hello")
			panic(http.ErrAbortHandler)
		}, -1, "hello", io.ErrUnexpectedEOF},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, err := call(t.Context(), tt.h, tt.method, nil)
			require.NoError(t, err)
			require.Equal(t, tt.length, resp.ContentLength)
			data, err := io.ReadAll(resp.Body)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.body, string(data))
			require.NoError(t, resp.Body.Close())
		})
	}

	_, err := call(t.Context(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "GET", nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// In a bubble every goroutine must end, and time passes only while all wait.
func TestTransportEnds(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 1000)
		for {
			if _, err := w.Write(buf); err != nil {
				return
			}
		}
	}
	waiting := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

	t.Run("closed early", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			resp, err := call(t.Context(), endless, "GET", nil)
			require.NoError(t, err)
			_, err = io.ReadFull(resp.Body, make([]byte, 1500))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
		})
	})
	t.Run("closed unread", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			resp, err := call(t.Context(), func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				waiting(w, r)
			}, "GET", nil)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
		})
	})
	t.Run("cancelled before the answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			_, err := call(ctx, waiting, "GET", nil)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, time.Minute, time.Since(start))
		})
	})
	t.Run("cancelled in the body", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cause := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			resp, err := call(ctx, func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				waiting(w, r)
			}, "GET", nil)
			require.NoError(t, err)
			time.AfterFunc(time.Second, func() { cancel(cause) })
			_, err = resp.Body.Read(make([]byte, 1))
			require.ErrorIs(t, err, cause)
			require.NoError(t, resp.Body.Close())
		})
	})
	t.Run("cancelled from the start", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		body := &closer{Reader: strings.NewReader("x")}
		_, err := call(ctx, endless, "PUT", body)
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, body.closed)
	})
	t.Run("early answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			pr, pw := io.Pipe() // a body that does not come
			resp, err := call(t.Context(), func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusServiceUnavailable)
			}, "PUT", pr)
			require.NoError(t, err)
			require.Equal(t, 503, resp.StatusCode)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			_, err = pw.Write([]byte("late"))
			require.ErrorIs(t, err, io.ErrClosedPipe)
		})
	})
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

func TestClientInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := s3test.New()
		data := pattern(1 << 20)
		s.Put("b", "k", data)
		out, err := s.Client().GetObject(t.Context(), get("k"))
		require.NoError(t, err)
		require.Equal(t, data, readAll(t, out))
		require.EqualValues(t, len(data), s.Requests()[0].BytesSent, "the entry is complete at the end of the body")

		out, err = s.Client().GetObject(t.Context(), get("k"))
		require.NoError(t, err)
		_, err = io.ReadFull(out.Body, make([]byte, 100))
		require.NoError(t, err)
		require.NoError(t, out.Body.Close())
	})
}
