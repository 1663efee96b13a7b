package s3http_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestServeSlowClients: a thousand clients that have stopped reading hold no more than
// the budget, and clients that read get everything meanwhile. Nothing in it takes time
// by the clock: the connections have no buffers, so a client that does not read holds
// up its response for as long as we like.
func TestServeSlowClients(t *testing.T) {
	const (
		slow   = 1000
		fast   = 8
		budget = 64 * mib
		size   = 20*mib + 123
	)
	fake := s3test.New()
	object := putServed(fake, size)
	p := newPool(t, withBudget(budget))
	c := transfer.New(fake.Client(), func(o *transfer.Options) { o.Pool, o.PartSize = p, 4*mib })

	var ended, failed atomic.Int64 // of responses
	front := newPipeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s3http.Serve(w, r, c, get("")); err != nil {
			failed.Add(1)
		}
		ended.Add(1)
	}))
	// begin sends a request and reads the header of its answer.
	begin := func() *http.Response {
		conn := front.dial()
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: front.test\r\nConnection: close\r\n\r\n")
		if !assertNoError(t, err) {
			return nil
		}
		resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 1024), nil)
		if !assertNoError(t, err) {
			return nil
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{resp.Body, conn}
		return resp
	}
	// finish reads a response to its end.
	finish := func(resp *http.Response, from int64) error {
		got, rest := make([]byte, 64*kib), object.Data[from:]
		for {
			n, err := resp.Body.Read(got)
			if !bytes.Equal(got[:n], rest[:min(n, len(rest))]) {
				return fmt.Errorf("wrong bytes, %d before the end", len(rest))
			}
			rest = rest[n:]
			if s := p.Stats(); s.Leased > budget {
				return fmt.Errorf("%d bytes leased with a budget of %d", s.Leased, budget)
			}
			if err == io.EOF && len(rest) == 0 {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%w, %d bytes before the end", err, len(rest))
			}
		}
	}

	stopped := make([]*http.Response, slow)
	var wg sync.WaitGroup
	for i := range stopped {
		wg.Go(func() { stopped[i] = begin() })
	}
	wg.Wait()
	require.False(t, t.Failed())
	require.Zero(t, ended.Load(), "they are all under way")

	for range fast {
		wg.Go(func() {
			if resp := begin(); resp != nil {
				assertNoError(t, finish(resp, 0))
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	require.Zero(t, failed.Load())
	stats := p.Stats()
	require.LessOrEqual(t, stats.Leased, int64(budget))
	require.LessOrEqual(t, stats.Class("scratch").Leased, int64((slow+fast)*mem.ScratchSize))
	t.Logf("%d clients stopped: %d MiB of %d on lease, %d KiB of scratch", slow, stats.Leased/mib, budget/mib, stats.Class("scratch").Leased/kib)

	// Some go on after all, the others go away.
	for i, resp := range stopped {
		if i%100 == 0 {
			require.NoError(t, finish(resp, 0))
		}
		resp.Body.Close()
	}
}
