package transfer_test

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestDownloadUnwinds lets the caller's own code panic, or end its goroutine, at its first,
// second and later calls, in objects of one request and of many. A panic comes out of the
// call in the caller's goroutine; neither hangs it; everything is released.
func TestDownloadUnwinds(t *testing.T) {
	for _, size := range []int{1000, 9*testPart + 7} {
		for _, at := range []int{1, 2, 5, 11} {
			for _, goexit := range []bool{false, true} {
				for _, where := range []string{"Progress", "OnEvent", "Write"} {
					for _, call := range []string{"Get", "Read", "WriteTo", "Download"} {
						name := fmt.Sprintf("%s of %d bytes, %s at its call %d, Goexit %v", call, size, where, at, goexit)
						synctest.Test(t, func(t *testing.T) {
							calls := 0
							var broke bool
							var mu sync.Mutex
							boom := func(what string) {
								if what != where {
									return
								}
								mu.Lock()
								defer mu.Unlock()
								if calls++; calls < at || broke {
									return
								}
								broke = true
								if goexit {
									runtime.Goexit()
								}
								panic("boom")
							}
							fake := s3test.New()
							fake.Put("bucket", "key", pattern(size))
							api, _ := withFaults(fake, s3test.Rules(s3test.Rule{Fault: s3test.Cut(100), Times: 20}))
							var value any
							returned := false
							done := make(chan struct{})
							go func() {
								defer close(done)
								defer func() { value = recover() }()
								c := newClient(newPool(t, withBudget(20*testPart)), api, func(o *transfer.Options) {
									o.OnEvent = func(transfer.Event) { boom("OnEvent") }
									o.MaxRetries = 30
								})
								download(t, c, call, boom)
								returned = true
							}()
							<-done
							switch {
							case !broke:
								require.True(t, returned, name)
							case goexit:
								require.Nil(t, value, name)
							default:
								require.Equal(t, any("boom"), value, name)
							}
						})
					}
				}
			}
		}
	}
}

func download(t *testing.T, c *transfer.Client, call string, boom func(string)) {
	progress := func(o *transfer.DownloadOptions) { o.Progress = func(transfer.Progress) { boom("Progress") } }
	switch call {
	case "Get":
		if o, err := c.Get(t.Context(), get(""), progress); err == nil {
			o.Release()
		}
	case "Download":
		c.Download(t.Context(), writerAt(func(p []byte, _ int64) (int, error) { boom("Write"); return len(p), nil }), get(""), progress)
	default:
		r, err := c.Open(t.Context(), get(""), progress)
		if err != nil {
			return
		}
		defer r.Close()
		if call == "Read" {
			io.Copy(io.Discard, struct{ io.Reader }{r})
			return
		}
		r.WriteTo(writer(func(p []byte) (int, error) { boom("Write"); return len(p), nil }))
	}
}

type (
	writer   func(p []byte) (int, error)
	writerAt func(p []byte, off int64) (int, error)
)

func (f writer) Write(p []byte) (int, error)                { return f(p) }
func (f writerAt) WriteAt(p []byte, off int64) (int, error) { return f(p, off) }
