package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestQuirksOfStores tries every call against everything that stores are known to do to a
// download, always, once at the first request, and once behind it. It may fail; but a
// success has the bytes that were asked for.
func TestQuirksOfStores(t *testing.T) {
	spec := func(rng string) part.Spec {
		s, err := part.ParseRange(rng)
		require.NoError(t, err)
		return s
	}
	tried, every := 0, 37 // a prime: all combinations of any two
	for _, size := range []int{0, 1, 1000, 2*testPart + 7, 9*testPart + 1} {
		for _, sealed := range []bool{true, false} {
			for _, rule := range s3test.Quirks() {
				if rule.Operation != "GetObject" && rule.Operation != "HeadObject" && rule.Operation != "" {
					continue
				}
				for _, times := range []s3test.Rule{{}, {Times: 1}, {Times: 1, Skip: 1}} {
					for _, rng := range []string{"", "bytes=0-", "bytes=1-", "bytes=-5", fmt.Sprintf("bytes=3-%d", 5*testPart)} {
						rule.Times, rule.Skip = times.Times, times.Skip
						unseen := slices.ContainsFunc([]string{"flip", "too many", "end after", "Content-Length: "}, func(s string) bool { return strings.Contains(rule.String(), s) })
						if unseen && (!sealed || rng != "") {
							continue // without a checksum nobody can tell
						}
						for _, call := range calls {
							if tried++; tried%every != 0 {
								continue
							}
							name := fmt.Sprintf("%s, %d bytes, range %q, checksum %v: %v, %d times after %d", call.name, size, rng, sealed, rule, rule.Times, rule.Skip)
							synctest.Test(t, func(t *testing.T) {
								fake := s3test.New(func(o *s3test.Options) { o.NoDefaultChecksum = !sealed })
								object := pattern(size)
								fake.Put("bucket", "key", object)
								time.Sleep(2 * time.Second) // the time that it was modified at names it
								c, _ := withFaults(fake, s3test.Rules(rule))
								ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
								defer cancel()
								in := get("")
								if rng != "" {
									in.Range = &rng
								}
								got, v, err := call.do(ctx, t, newClient(newPool(t), c), in)
								if err != nil {
									require.NotEmpty(t, err.Error(), name)
									return
								}
								want, ok := spec(rng).Resolve(int64(size))
								require.True(t, ok || size == 0, name)
								require.True(t, bytes.Equal(object[want.From:want.To], got), "%s: %d bytes instead of %v, %+v", name, len(got), want, v)
							})
						}
					}
				}
			}
		}
	}
	require.Greater(t, tried, 1000)
}

// TestQuirksThatDoNoHarm are those that a download must survive.
func TestQuirksThatDoNoHarm(t *testing.T) {
	for _, fault := range []s3test.Fault{
		s3test.IgnoreRange(), s3test.AlwaysContentRange(), s3test.WholeRangeAs200(), s3test.NoETag(), s3test.WeakETag(),
		s3test.SetHeader("Last-Modified", ""), s3test.NoChecksum(), s3test.SetHeader("Content-Type", ""), s3test.IgnorePartNumber(),
		s3test.NoContentLength(),
	} {
		for _, size := range []int{0, 1, 9*testPart + 1} {
			for _, rng := range []string{"", "bytes=0-", "bytes=1-"} {
				if rng != "" && (size < 2 || strings.Contains(fault.String(), "Content-Length")) {
					continue
				}
				for _, call := range calls {
					name := fmt.Sprintf("%s, %d bytes, range %q: %v", call.name, size, rng, fault)
					synctest.Test(t, func(t *testing.T) {
						fake := s3test.New()
						fake.Put("bucket", "key", pattern(size))
						time.Sleep(2 * time.Second)
						c, faults := withFaults(fake, s3test.Always(fault))
						in := get("")
						if rng != "" {
							in.Range = &rng
						}
						got, _, err := call.do(t.Context(), t, newClient(newPool(t), c), in)
						require.NoError(t, err, name)
						require.Equal(t, size-len(strings.TrimLeft(rng, "bytes=0-"))/2, len(got), name)
						require.LessOrEqual(t, faults.Stats().Requests, int64(14), name)
					})
				}
			}
		}
	}
}

// TestRefusedBeforeSent: what S3 would answer with something else is not sent.
func TestRefusedBeforeSent(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(100))
	for _, rng := range []string{"abc", "bytes=5-1", "bytes=0-1,3-4", "bytes=", "bytes=-", "items=0-1", "bytes=0-99999999999999999999", "bytes=1-x"} {
		for _, call := range calls {
			c, faults := withFaults(fake, nil)
			in := get("")
			in.Range = &rng
			_, _, err := call.do(t.Context(), t, newClient(newPool(t), c), in)
			require.ErrorContains(t, err, rng, call.name)
			require.Zero(t, faults.Stats().Requests, call.name)
		}
	}
}

// TestOneVersion replaces, resizes and deletes the object between the first request and the
// second, on stores that tell an ETag, only a date, only a version, or nothing.
func TestOneVersion(t *testing.T) {
	for name, hide := range map[string][]s3test.Fault{
		"etag":    nil,
		"weak":    {s3test.WeakETag()},
		"date":    {s3test.NoETag()},
		"nothing": {s3test.NoETag(), s3test.SetHeader("Last-Modified", "")},
		"lax":     {s3test.IgnoreConditions()},
	} {
		for change, do := range map[string]func(fake *s3test.S3){
			"replaced": func(fake *s3test.S3) { fake.Put("bucket", "key", bytes.Repeat([]byte("x"), 9*testPart)) },
			"longer":   func(fake *s3test.S3) { fake.Put("bucket", "key", bytes.Repeat([]byte("x"), 10*testPart)) },
			"shorter":  func(fake *s3test.S3) { fake.Put("bucket", "key", bytes.Repeat([]byte("x"), 10)) },
			"deleted":  func(fake *s3test.S3) { fake.Delete("bucket", "key") },
		} {
			for _, soon := range []bool{true, false} {
				for _, call := range calls {
					at := fmt.Sprintf("%s, %s, %s, soon %v", call.name, name, change, soon)
					synctest.Test(t, func(t *testing.T) {
						fake := s3test.New(func(o *s3test.Options) { o.NoDefaultChecksum = true })
						object := pattern(9 * testPart)
						fake.Put("bucket", "key", object)
						if !soon {
							time.Sleep(5 * time.Second)
						}
						changed := false
						c, _ := withFaults(fake, func(r *http.Request, n int) s3test.Fault {
							var extra []s3test.Fault
							if r.Header.Get("Range") != "" && !changed {
								changed = true
								do(fake)
							} else if r.Header.Get("Range") == "" {
								extra = append(extra, s3test.Cut(testPart/2))
							}
							return s3test.Join(append(extra, hide...)...)
						})
						got, _, err := call.do(t.Context(), t, newClient(newPool(t), c), get(""))
						if err == nil {
							require.True(t, bytes.Equal(object, got), "a mixture: %s", at)
							return
						}
						if changed {
							require.ErrorIs(t, err, transfer.ErrChanged, at)
						}
					})
				}
			}
		}
	}
}
