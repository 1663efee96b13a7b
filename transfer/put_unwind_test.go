package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// hostile is a body that does what it likes at a call of a method.
type hostile struct {
	*bytes.Reader
	read, readAt, seek func()
}

func (h *hostile) Read(p []byte) (int, error) { h.read(); return h.Reader.Read(p) }
func (h *hostile) ReadAt(p []byte, off int64) (int, error) {
	h.readAt()
	return h.Reader.ReadAt(p, off)
}
func (h *hostile) Seek(off int64, whence int) (int64, error) {
	h.seek()
	return h.Reader.Seek(off, whence)
}

// at calls f at the n-th of its calls.
func at(n int, f func()) func() {
	return func() {
		if n--; n == 0 {
			f()
		}
	}
}

func nop() {}

// TestPutUnwinds: a caller's code that panics, or ends its goroutine, does neither to the
// process and leaves nothing behind: in a body, in a callback, in whatever goroutine.
func TestPutUnwinds(t *testing.T) {
	type kind struct {
		name string
		put  func(c *transfer.Client, size int, f func()) (*transfer.PutOutput, error)
	}
	section := func(h *hostile, size int) io.Reader { h.Reader = bytes.NewReader(pattern(size)); return h }
	kinds := []kind{
		{"Seek", func(c *transfer.Client, size int, f func()) (*transfer.PutOutput, error) {
			return c.Put(context.Background(), put(section(&hostile{read: nop, readAt: nop, seek: at(2, f)}, size)))
		}},
	}
	for _, n := range []int{1, 2, 4} {
		for _, mode := range []transfer.ChecksumMode{transfer.ChecksumAlways, transfer.ChecksumNever} {
			kinds = append(kinds,
				kind{fmt.Sprintf("ReadAt %d, checksum %d", n, mode), func(c *transfer.Client, size int, f func()) (*transfer.PutOutput, error) {
					return c.Put(context.Background(), put(section(&hostile{read: nop, readAt: at(n, f), seek: nop}, size)), func(o *transfer.PutOptions) {
						o.Checksum, o.Concurrency = mode, 1
					})
				}})
		}
		kinds = append(kinds,
			kind{fmt.Sprint("Read ", n), func(c *transfer.Client, size int, f func()) (*transfer.PutOutput, error) {
				h := &hostile{read: at(n, f), readAt: nop, seek: nop}
				section(h, size)
				in := put(plain(h))
				if size == testPart {
					in.ContentLength = new(int64(size))
				}
				return c.Put(context.Background(), in)
			}},
			kind{fmt.Sprint("Progress ", n), func(c *transfer.Client, size int, f func()) (*transfer.PutOutput, error) {
				return c.Put(context.Background(), put(plain(bytes.NewReader(pattern(size)))), func(o *transfer.PutOptions) {
					f := at(n, f)
					o.Progress, o.Concurrency = func(transfer.Progress) { f() }, 1
				})
			}},
			kind{fmt.Sprint("Checkpoint ", n), func(c *transfer.Client, size int, f func()) (*transfer.PutOutput, error) {
				return c.Put(context.Background(), put(bytes.NewReader(pattern(size))), func(o *transfer.PutOptions) {
					f := at(n, f)
					o.Checkpoint, o.Concurrency = func(transfer.ResumeToken) error { f(); return nil }, 1
				})
			}},
			kind{fmt.Sprint("OnEvent ", min(n, 3)), func(c *transfer.Client, size int, f func()) (*transfer.PutOutput, error) {
				return c.Put(context.Background(), put(plain(bytes.NewReader(pattern(size)))), func(o *transfer.PutOptions) {
					f := at(min(n, 3), f)
					o.OnEvent, o.Concurrency = func(transfer.Event) { f() }, 1
				})
			}},
		)
	}
	reached := map[string]bool{}
	for _, kind := range kinds {
		for _, size := range []int{1000, testPart, 5*testPart + 3} {
			for _, exit := range []bool{false, true} {
				for _, network := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						what := fmt.Sprintf("%s, %d bytes, Goexit %v, net/http %v", kind.name, size, exit, network)
						fake := newUploadFake()
						// Every operation fails once, so that there are events.
						var failed sync.Map
						script := func(r *http.Request, _ int) s3test.Fault {
							if _, again := failed.LoadOrStore(s3test.Operation(r), true); again {
								return s3test.Fault{}
							}
							return s3test.Hang()
						}
						api, _ := withFaults(fake, script)
						var n *pipeNetwork
						if network {
							n = newPipeNetwork(fake)
							api = n.client()
						}
						client := newClient(newPool(t), api, smallParts)
						done := make(chan struct{})
						var (
							returned, hit bool
							err           error
							value         any
						)
						go func() {
							defer close(done)
							defer func() { value = recover() }()
							_, err = kind.put(client, size, func() {
								hit = true
								if exit {
									runtime.Goexit()
								}
								panic(what)
							})
							returned = true
						}()
						<-done
						if n != nil {
							n.close()
						}
						require.NoError(t, client.Close(t.Context()))
						switch {
						case !hit:
							require.NoError(t, err, what)
							return
						case exit && returned:
							require.ErrorContains(t, err, "Goexit", what)
						case exit:
							require.Nil(t, value, what) // the goroutine of the call has ended
						default:
							require.Equal(t, what, value)
						}
						reached[kind.name] = true
						if e, ok := err.(*transfer.Error); !ok || e.UploadID == "" {
							require.LessOrEqual(t, len(fake.Uploads("bucket")), len(checkpointed(kind.name)), what)
						}
						time.Sleep(time.Hour)
					})
				}
			}
		}
	}
	for _, kind := range kinds {
		require.True(t, reached[kind.name], "%s: nothing happened", kind.name)
	}
}

// checkpointed is a kind that leaves its upload: a token of it has been handed out.
func checkpointed(kind string) string {
	if len(kind) > 10 && kind[:10] == "Checkpoint" {
		return "1"
	}
	return ""
}
