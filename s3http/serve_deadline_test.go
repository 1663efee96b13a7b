package s3http_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
)

// TestServeDeadline: the context ends a response also while its client, who is still
// there, reads nothing.
func TestServeDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := s3test.New()
		putServed(fake, 40*testPart)
		p := newPool(t)
		c := newClient(p, fake.Client())
		served := make(chan error, 1)
		front := newPipeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), time.Second)
			defer cancel()
			served <- s3http.Serve(w, r.WithContext(ctx), c, get(""))
		}))
		conn := front.dial()
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: front.test\r\n\r\n")
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 1000))
		require.NoError(t, err)
		start := time.Now()
		require.ErrorIs(t, <-served, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		requireIdle(t, p)
		require.NoError(t, conn.Close())
	})
}

// TestReceiveDeadline: the same for a client that sends nothing. It gets its answer.
func TestReceiveDeadline(t *testing.T) {
	for _, head := range []string{"Content-Length: 100000", "Transfer-Encoding: chunked", "Content-Length: 100000\r\nX-Of-Conn: 1"} {
		synctest.Test(t, func(t *testing.T) {
			ofConn := strings.HasSuffix(head, "1")
			fake := newUploadFake()
			p := newPool(t)
			c := newClient(p, fake.Client(), smallParts)
			front := newPipeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if ofConn {
					if !assertNoError(t, http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))) {
						return
					}
				} else {
					ctx, cancel := context.WithTimeout(r.Context(), time.Second)
					defer cancel()
					r = r.WithContext(ctx)
				}
				_, err := s3http.Receive(w, r, c, put(nil))
				if err == nil {
					t.Error("received")
				}
				requireIdle(t, p)
			}))
			conn := front.dial()
			_, err := io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: front.test\r\n"+head+"\r\n\r\n5\r\nhello\r\n")
			require.NoError(t, err)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			require.Equal(t, map[bool]int{true: 408, false: 504}[ofConn], resp.StatusCode)
			require.NoError(t, conn.Close())
			time.Sleep(time.Second) // of the bubble: net/http takes its time to close
			require.Empty(t, fake.Keys("bucket"))
			require.Empty(t, fake.Uploads("bucket"))
		})
	}
}
