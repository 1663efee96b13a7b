package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestClientResumes breaks the body of every part once: nothing is fetched again
// but the byte that was on its way.
func TestClientResumes(t *testing.T) {
	const size = 9*testPart + 11
	for _, call := range calls {
		fake := s3test.New()
		object := pattern(size)
		fake.Put("bucket", "key", object)
		var mu sync.Mutex
		broken := map[int64]bool{}
		c, faults := withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
			var from int64
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			mu.Lock()
			defer mu.Unlock()
			if from%testPart != 0 || broken[from] {
				return s3test.Fault{}
			}
			broken[from] = true
			return s3test.Cut(testPart / 3)
		})
		p := newPool(t)
		got, v, err := call.do(t.Context(), t, newClient(p, c), get(""))
		require.NoError(t, err, call.name)
		require.True(t, bytes.Equal(object, got), call.name)
		require.True(t, v.Verified())
		require.GreaterOrEqual(t, faults.Stats().Faults, int64(2), call.name)
		require.LessOrEqual(t, float64(faults.Stats().BytesSent), 1.01*size, "%s: bytes fetched", call.name)
	}
}

// TestClientGivesUp: a server that never gets further ends in its own error, after
// as many retries as allowed.
func TestClientGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := s3test.New()
		fake.Put("bucket", "key", pattern(3*testPart))
		for _, call := range calls {
			c, _ := withFaults(fake, s3test.Always(s3test.Cut(0)))
			_, _, err := call.do(t.Context(), t, newClient(newPool(t), c, func(o *transfer.Options) { o.MaxRetries = 3 }), get(""))
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.ErrorContains(t, err, "bucket/key\": part ")
			require.ErrorContains(t, err, "given up after 3 retries")

			c, faults := withFaults(fake, s3test.Always(s3test.Cut(0)))
			_, _, err = call.do(t.Context(), t, newClient(newPool(t), c, func(o *transfer.Options) { o.MaxRetries = -1; o.Concurrency = 1 }), get(""))
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.EqualValues(t, 1, faults.Stats().Requests, "%s: no retries", call.name)
		}
	})
}

// TestClientGivesUpOnDribble: a body that breaks together with its last byte, time
// after time, is no progress that would keep a transfer going.
func TestClientGivesUpOnDribble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, call := range calls {
			api := &dribble{FakeS3: pooltest.FakeS3{Object: pattern(testPart)}}
			api.Body = func(_ int64, r io.Reader) io.Reader {
				return readerFunc(func(p []byte) (int, error) {
					n, _ := r.Read(p[:1])
					return n, io.ErrUnexpectedEOF
				})
			}
			_, _, err := call.do(t.Context(), t, newClient(newPool(t), api, func(o *transfer.Options) { o.MaxRetries = 3; o.Concurrency = 1 }), get(""))
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, call.name)
			require.ErrorContains(t, err, "given up after 3 retries")
			require.EqualValues(t, 4, api.Requests.Load(), call.name)
		}
	})
}

// A dribble is a FakeS3 for a Client.
type dribble struct {
	transfer.API // nil: what is not called
	pooltest.FakeS3
}

func (d *dribble) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return d.FakeS3.GetObject(ctx, in, optFns...)
}

func (*dribble) HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return &s3.HeadObjectOutput{}, nil
}

// TestClientSurvivesAStrayCancel: net/http fails a request as cancelled when the one
// before it on the same connection was. A caller who has cancelled nothing must not be
// told so.
func TestClientSurvivesAStrayCancel(t *testing.T) {
	for _, call := range calls {
		for first := range 3 {
			synctest.Test(t, func(t *testing.T) {
				object := pattern(3 * testPart)
				api := &strayCancels{dribble: dribble{FakeS3: pooltest.FakeS3{Object: object}}, first: int64(first), last: int64(first) + 2}
				got, _, err := call.do(t.Context(), t, newClient(newPool(t), api), get(""))
				require.NoError(t, err, "%s from request %d", call.name, first)
				require.True(t, bytes.Equal(object, got), call.name)

				api = &strayCancels{dribble: dribble{FakeS3: pooltest.FakeS3{Object: object}}, last: 1 << 20}
				_, _, err = call.do(t.Context(), t, newClient(newPool(t), api), get(""))
				require.ErrorContains(t, err, "closed for another request", call.name)
				require.NotErrorIs(t, err, context.Canceled, call.name)
			})
		}
	}
}

// strayCancels fails the requests from first to last as net/http would.
type strayCancels struct {
	dribble
	first, last, n int64
}

func (f *strayCancels) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if n := atomic.AddInt64(&f.n, 1) - 1; n >= f.first && n <= f.last {
		return nil, &url.Error{Op: "Get", URL: "http://s3.test/", Err: context.Canceled}
	}
	return f.dribble.GetObject(ctx, in, optFns...)
}

// TestClientLeavesAStalledBody for another connection.
func TestClientLeavesAStalledBody(t *testing.T) {
	for _, call := range calls {
		synctest.Test(t, func(t *testing.T) {
			fake := s3test.New()
			object := pattern(testPart)
			fake.Put("bucket", "key", object)
			c, faults := withFaults(fake, func(_ *http.Request, n int) s3test.Fault {
				if n == 1 {
					return s3test.Stall(1000, 0)
				}
				return s3test.Fault{}
			})
			start := time.Now()
			got, v, err := call.do(t.Context(), t, newClient(newPool(t), c, func(o *transfer.Options) { o.StallTimeout = 10 * time.Second }), get(""))
			require.NoError(t, err)
			require.True(t, bytes.Equal(object, got))
			require.True(t, v.Verified())
			require.Equal(t, 10*time.Second, time.Since(start))
			require.EqualValues(t, 2, faults.Stats().Requests)
			require.EqualValues(t, testPart, faults.Stats().BytesSent)
		})
	}
}

// TestClientRetriesSlowDown beyond the SDK's own attempts, once bytes have come.
func TestClientRetriesSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := s3test.New()
		object := pattern(3 * testPart)
		fake.Put("bucket", "key", object)
		for _, call := range calls {
			c, _ := withFaults(fake, func(_ *http.Request, n int) s3test.Fault {
				switch {
				case n == 1:
					return s3test.Cut(100)
				case n <= 6:
					return s3test.SlowDown(0)
				}
				return s3test.Fault{}
			})
			got, _, err := call.do(t.Context(), t, newClient(newPool(t), c), get(""))
			require.NoError(t, err, call.name)
			require.True(t, bytes.Equal(object, got))
		}
	})
}

// TestClientFirstRequestFailsLikeTheSDKs: an S3 that is down costs the SDK's
// attempts, two here.
func TestClientFirstRequestFailsLikeTheSDKs(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(testPart))
	for _, call := range calls {
		c, faults := withFaults(fake, s3test.Always(s3test.InternalError()))
		_, _, err := call.do(t.Context(), t, newClient(newPool(t), c), get(""))
		require.ErrorContains(t, err, "InternalError")
		require.EqualValues(t, 2, faults.Stats().Requests)
	}
}

// TestClientCannotLearnTheParts: that a HEAD fails is no reason to call bytes wrong.
func TestClientCannotLearnTheParts(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(21*kib), func(o *s3test.Object) {
		o.ChecksumAlgorithm, o.ChecksumType = types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite
		o.Parts = []s3test.Part{{Number: 1, Size: 8 * kib}, {Number: 2, Size: 5 * kib}, {Number: 3, Size: 8 * kib}}
	})
	for _, call := range calls {
		c, _ := withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
			if r.Method == http.MethodHead && r.URL.Query().Get("partNumber") == "2" {
				return s3test.InternalError()
			}
			return s3test.Fault{}
		})
		few := func(o *transfer.Options) { o.MaxRetries = 1 }
		_, _, err := call.do(t.Context(), t, newClient(newPool(t), c, few), get(""))
		require.ErrorContains(t, err, "HEAD of part 2", call.name)
		require.NotErrorIs(t, err, transfer.ErrIntegrity)
	}
}

// TestClientInsistsOnTheParts: a store that is busy when it is asked for the parts is
// asked again, and bytes are not taken for right because it was; one that refuses to
// tell is another matter.
func TestClientInsistsOnTheParts(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(21*kib), func(o *s3test.Object) {
		o.ChecksumAlgorithm, o.ChecksumType = types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite
		o.Parts = s3test.EqualParts(21*kib, 8*kib)
	})
	for _, call := range calls {
		do := func(f s3test.Fault, times int64) (transfer.Verification, error) {
			var heads atomic.Int64
			c, _ := withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
				if r.Method == http.MethodHead && heads.Add(1) <= times {
					return f
				}
				return s3test.Fault{}
			})
			few := func(o *transfer.Options) { o.MaxRetries = 1 }
			_, v, err := call.do(t.Context(), t, newClient(newPool(t), c, few), get(""))
			return v, err
		}
		v, err := do(s3test.InternalError(), 2) // one try is two of the SDK's
		require.NoError(t, err, call.name)
		require.True(t, v.Verified(), call.name)
		_, err = do(s3test.InternalError(), 1<<20)
		require.ErrorContains(t, err, "HEAD of part 1", call.name)
		v, err = do(s3test.Status(http.StatusForbidden, "AccessDenied"), 1<<20)
		require.NoError(t, err, call.name)
		require.Contains(t, v.Reason, "not known", call.name)
	}
}

// TestClientObjectReplaced: an object that changes during the transfer is an error
// that says so.
func TestClientObjectReplaced(t *testing.T) {
	const size = 9 * testPart
	for _, call := range calls {
		fake := s3test.New()
		fake.Put("bucket", "key", pattern(size))
		c, _ := withFaults(fake, func(_ *http.Request, n int) s3test.Fault {
			switch n {
			case 1:
				return s3test.Cut(testPart / 2)
			case 2:
				return s3test.Before(func(*http.Request) { fake.Put("bucket", "key", make([]byte, size)) })
			}
			return s3test.Fault{}
		})
		p := newPool(t)
		_, _, err := call.do(t.Context(), t, newClient(p, c), get(""))
		require.ErrorIs(t, err, transfer.ErrChanged, call.name)
		e, ok := errors.AsType[*transfer.Error](err)
		require.True(t, ok)
		require.NotZero(t, e.Part)
	}
}

// TestClientWrongContentRange is not put in the wrong place.
func TestClientWrongContentRange(t *testing.T) {
	const size = 5 * testPart
	for _, call := range calls {
		fake := s3test.New()
		object := pattern(size)
		fake.Put("bucket", "key", object)
		c, _ := withFaults(fake, func(r *http.Request, n int) s3test.Fault {
			if n == 1 {
				return s3test.Cut(testPart / 2)
			}
			if n == 2 {
				return s3test.ContentRange(fmt.Sprintf("bytes %d-%d/%d", testPart, 2*testPart-1, size))
			}
			return s3test.Fault{}
		})
		got, v, err := call.do(t.Context(), t, newClient(newPool(t), c), get(""))
		require.NoError(t, err, call.name)
		require.True(t, bytes.Equal(object, got))
		require.True(t, v.Verified())
	}
}

// TestClientCancel: in every state a cancelled transfer returns at once. Time is
// virtual: if anything waited for anything, it would pass.
func TestClientCancel(t *testing.T) {
	states := map[string]s3test.Script{
		"before the answer":    s3test.Always(s3test.Hang()),
		"in the first body":    s3test.Always(s3test.Stall(100, 0)),
		"in a helper's answer": ranged(s3test.Hang()),
		"in a helper's body":   ranged(s3test.Stall(100, 0)),
		"between retries":      s3test.Always(s3test.Cut(0)),
	}
	for name, script := range states {
		for _, call := range calls {
			synctest.Test(t, func(t *testing.T) {
				fake := s3test.New()
				fake.Put("bucket", "key", pattern(9*testPart))
				c, _ := withFaults(fake, script)
				ctx, cancel := context.WithCancel(t.Context())
				start := time.Now()
				time.AfterFunc(70*time.Millisecond, cancel)
				_, _, err := call.do(ctx, t, newClient(newPool(t), c, func(o *transfer.Options) { o.MaxRetries = 1000 }), get(""))
				require.ErrorIs(t, err, context.Canceled, "%s %s", call.name, name)
				require.Equal(t, 70*time.Millisecond, time.Since(start), "%s %s", call.name, name)
			})
		}
	}
	t.Run("waiting for the budget", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fake := s3test.New()
			fake.Put("bucket", "key", pattern(3*testPart))
			p := newPool(t, withBudget(3*testPart))
			held, err := p.Acquire(t.Context(), 3*testPart)
			require.NoError(t, err)
			for _, call := range calls {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				_, _, err = call.do(ctx, t, newClient(p, fake.Client()), get(""))
				if call.name != "Get" { // the others do not wait
					require.NoError(t, err, call.name)
					continue
				}
				require.ErrorIs(t, err, context.Canceled, call.name)
				require.ErrorIs(t, err, s3pool.ErrBudget, call.name)
			}
			held.Release()
		})
	})
}

// ranged does fault to requests for a range, and nothing to the first one.
func ranged(fault s3test.Fault) s3test.Script {
	return func(r *http.Request, _ int) s3test.Fault {
		if r.Header.Get("Range") == "" {
			return s3test.Stall(testPart+100, 0)
		}
		return fault
	}
}

// TestClientChaos is the acceptance test of the engine: whatever happens on the
// way, a success has the right bytes and a failure says what failed.
func TestClientChaos(t *testing.T) {
	transfers := 20_000
	if !check.Enabled {
		transfers = 2_000
	}
	const workers = 40
	fake := s3test.New()
	contents := map[string][][]byte{} // what a success may be
	var keys []string
	for _, size := range []int{0, 1, 100, testPart - 1, testPart, testPart + 1, 3*testPart + 7, 6 * testPart} {
		for _, kind := range []string{"plain", "composite", "replaced"} {
			key := fmt.Sprintf("%s-%d", kind, size)
			keys = append(keys, key)
			contents[key] = [][]byte{pattern(size)}
			fake.Put("bucket", key, pattern(size), func(o *s3test.Object) {
				if kind == "composite" && size > 0 {
					o.ChecksumAlgorithm, o.ChecksumType = types.ChecksumAlgorithmCrc32c, types.ChecksumTypeComposite
					o.Parts = s3test.EqualParts(int64(size), testPart)
				}
			})
			if kind == "replaced" {
				other := bytes.Repeat([]byte{0xAA}, size)
				contents[key] = append(contents[key], other)
			}
		}
	}
	random := s3test.Random(1, s3test.Odds{
		Cut: 0.10, ResetAfter: 0.05, Stall: 0.01, Flip: 0.01, ContentRange: 0.02,
		Reset: 0.03, SlowDown: 0.03, InternalError: 0.03,
	})
	rng := rand.New(rand.NewPCG(1, 4)) // calls of a script are serialised
	script := func(r *http.Request, n int) s3test.Fault {
		key := strings.TrimPrefix(r.URL.Path, "/bucket/")
		if versions := contents[key]; len(versions) == 2 && rng.IntN(4) == 0 {
			data := versions[rng.IntN(2)]
			return s3test.Before(func(*http.Request) { fake.Put("bucket", key, data) })
		}
		return random(r, n)
	}
	proxy := s3test.NewProxy("https://"+s3test.Domain, script, func(o *s3test.ProxyOptions) {
		o.Transport = fake.HTTPClient().Transport
	})
	defer proxy.Close()

	p := newPool(t, withBudget(8*mib))
	c := newClient(p, proxy.Client(impatient), func(o *transfer.Options) {
		o.StallTimeout = 50 * time.Millisecond
		o.MaxRetries = 4
	})
	var outcomes sync.Map
	count := func(what string) {
		n, _ := outcomes.LoadOrStore(what, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	}
	var wg sync.WaitGroup
	for id := range workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(id), 5))
			for range transfers / workers {
				ctx, cancel := context.WithCancel(t.Context())
				if rng.IntN(10) == 0 {
					time.AfterFunc(time.Duration(rng.IntN(10_000))*time.Microsecond, cancel)
				}
				key, call := keys[rng.IntN(len(keys))], calls[rng.IntN(len(calls))]
				got, v, err := call.do(ctx, t, c, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key)})
				switch {
				case err == nil:
					count("right")
					if v.Verified() {
						count("verified")
					}
					right := false
					for _, want := range contents[key] {
						right = right || bytes.Equal(want, got)
					}
					if !right {
						t.Errorf("%s of %s: success with wrong bytes (%d, verification %+v)", call.name, key, len(got), v)
					}
				case errors.Is(err, context.Canceled):
					count("cancelled")
					if ctx.Err() == nil {
						t.Errorf("%s of %s was not cancelled: %v", call.name, key, err)
					}
				default:
					count("failed")
					e, ok := errors.AsType[*transfer.Error](err)
					if !ok || e.Bucket != "bucket" || e.Key != key || e.Err == nil {
						t.Errorf("%s of %s: an error that names not the object: %v", call.name, key, err)
					}
					switch {
					case errors.Is(err, transfer.ErrIntegrity):
						count("failed: integrity")
					case errors.Is(err, transfer.ErrChanged):
						count("failed: changed")
						if !strings.HasPrefix(key, "replaced") {
							t.Errorf("%s of %s did not change: %v", call.name, key, err)
						}
					}
				}
				cancel()
				if s := p.Stats(); s.Leased > s.MaxBytes {
					t.Errorf("%d bytes leased with a budget of %d", s.Leased, s.MaxBytes)
				}
			}
		})
	}
	wg.Wait()
	outcomes.Range(func(what, n any) bool {
		t.Logf("%6d %s", n.(*atomic.Int64).Load(), what)
		return true
	})
	t.Logf("%d requests, %d faults", proxy.Stats().Requests, proxy.Stats().Faults)
	for _, what := range []string{"right", "verified", "cancelled", "failed", "failed: integrity", "failed: changed"} {
		_, ok := outcomes.Load(what)
		require.True(t, ok, "no transfer was %s", what)
	}
}

// A fate is what becomes of a field of GetObjectInput in the requests behind the
// first.
type fate int

const (
	kept     fate = iota // every request has it
	ours                 // we set it
	dropped              // it makes no sense there
	stripped             // no request has it: we do its work
)

// TestEveryInputFieldIsDecidedOn fails when the SDK adds a field.
func TestEveryInputFieldIsDecidedOn(t *testing.T) {
	now := time.Now()
	fates := map[string]struct {
		fate  fate
		value any
	}{
		"Bucket":                     {kept, aws.String("bucket")},
		"Key":                        {kept, aws.String("key")},
		"ChecksumMode":               {stripped, types.ChecksumModeEnabled}, // sent as a header; the field makes the SDK validate
		"ExpectedBucketOwner":        {kept, aws.String("123456789012")},
		"IfMatch":                    {ours, aws.String("*")},
		"IfModifiedSince":            {kept, aws.Time(now.Add(-time.Hour))},
		"IfNoneMatch":                {kept, aws.String(`"other"`)},
		"IfUnmodifiedSince":          {kept, aws.Time(now.Add(time.Hour))},
		"PartNumber":                 {dropped, aws.Int32(1)},
		"Range":                      {ours, aws.String("bytes=0-")},
		"RequestPayer":               {kept, types.RequestPayerRequester},
		"ResponseCacheControl":       {kept, aws.String("no-cache")},
		"ResponseContentDisposition": {kept, aws.String("inline")},
		"ResponseContentEncoding":    {kept, aws.String("identity")},
		"ResponseContentLanguage":    {kept, aws.String("en")},
		"ResponseContentType":        {kept, aws.String("text/plain")},
		"ResponseExpires":            {kept, aws.Time(now)},
		"SSECustomerAlgorithm":       {kept, aws.String("AES256")},
		"SSECustomerKey":             {kept, aws.String("0123456789abcdef0123456789abcdef")},
		"SSECustomerKeyMD5":          {kept, aws.String("md5")},
		"VersionId":                  {kept, aws.String("null")},
	}
	object := pattern(5 * testPart)
	typ := reflect.TypeFor[s3.GetObjectInput]()
	for i := range typ.NumField() {
		field := typ.Field(i)
		if !field.IsExported() {
			continue
		}
		f, ok := fates[field.Name]
		if !ok {
			t.Errorf("GetObjectInput.%s is new: decide whether requests for a range need it", field.Name)
			continue
		}
		for _, call := range calls {
			api := &recorder{object: object}
			in := get("")
			reflect.ValueOf(in).Elem().Field(i).Set(reflect.ValueOf(f.value))
			got, _, err := call.do(t.Context(), t, newClient(newPool(t), api), in)
			require.NoError(t, err, "%s with %s", call.name, field.Name)
			require.True(t, bytes.Equal(object, got))
			require.Greater(t, len(api.inputs), 1)
			for n, in := range api.inputs {
				is := reflect.ValueOf(in).Elem().Field(i)
				what := fmt.Sprintf("%s in request %d of %s", field.Name, n, call.name)
				switch {
				case f.fate == stripped:
					require.True(t, is.IsZero(), what)
				case n == 0 || f.fate == kept:
					require.Equal(t, f.value, is.Interface(), what)
				case f.fate == dropped:
					require.True(t, is.IsZero(), what)
				case f.fate == ours:
					require.False(t, is.IsZero(), what)
					require.NotEqual(t, f.value, is.Interface(), what)
				}
			}
		}
	}
	require.Equal(t, len(fates), typ.NumField()-1, "fields that the SDK has no more")
}

// A recorder keeps the inputs that it was called with.
type recorder struct {
	mockAPI
	object []byte
	mu     sync.Mutex
	inputs []*s3.GetObjectInput
}

func (r *recorder) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	r.mu.Lock()
	cp := *in
	r.inputs = append(r.inputs, &cp)
	first := len(r.inputs) == 1
	r.mu.Unlock()
	plain := *in
	if first {
		plain.Range = nil
	}
	fake := &pooltest.FakeS3{Object: r.object}
	out, err := fake.GetObject(ctx, &plain)
	if err == nil && first {
		// The body ends early, so that there is a second request in any case.
		out.Body = io.NopCloser(io.MultiReader(io.LimitReader(out.Body, testPart/2), errReader{io.ErrUnexpectedEOF}))
		if in.PartNumber == nil && in.Range == nil {
			out.ContentRange = nil
		}
	}
	return out, err
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
