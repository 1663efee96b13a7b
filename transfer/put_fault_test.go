package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// on does fault to the first times requests of an operation.
func on(operation string, times int64, fault s3test.Fault) s3test.Script {
	var n atomic.Int64
	return func(r *http.Request, _ int) s3test.Fault {
		if s3test.Operation(r) == operation && n.Add(1) <= times {
			return fault
		}
		return s3test.Fault{}
	}
}

const always = 1 << 40

// TestPutTriesAgain: a request that fails more often than the SDK tries is tried again,
// with the right bytes.
func TestPutTriesAgain(t *testing.T) {
	data := pattern(5*testPart + 3)
	for _, operation := range []string{"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		for _, fault := range []s3test.Fault{
			s3test.InternalError(), s3test.SlowDown(0), s3test.Reset(), s3test.Early(100, http.StatusServiceUnavailable, "SlowDown"),
		} {
			for _, kind := range bodyKinds {
				synctest.Test(t, func(t *testing.T) {
					if kind.name == "pipe" {
						return // its Read is not in the bubble
					}
					fake := newUploadFake()
					c, faults := withFaults(fake, on(operation, 5, fault))
					in := put(kind.make(t, data))
					if kind.declared {
						in.ContentLength = aws.Int64(int64(len(data)))
					}
					what := fmt.Sprintf("%s: %v, %s", operation, fault, kind.name)
					_, err := newClient(newPool(t, withBudget(2*testPart)), c, smallParts).Put(t.Context(), in)
					require.NoError(t, err, what)
					requireStored(t, fake, data, what)
					require.EqualValues(t, 5, faults.Stats().Faults, what)
				})
			}
		}
	}
}

// TestPutGivesUp: what cannot be sent is aborted, and if that fails too the error
// names what is left.
func TestPutGivesUp(t *testing.T) {
	data := pattern(5*testPart + 3)
	few := func(o *transfer.Options) { o.MaxRetries = 1 }
	for _, body := range []bodyKind{bodyKinds[0], bodyKinds[7]} {
		for _, operation := range []string{"UploadPart", "CompleteMultipartUpload"} {
			fake := newUploadFake()
			c, _ := withFaults(fake, on(operation, always, s3test.InternalError()))
			_, err := newClient(newPool(t), c, smallParts, few).Put(t.Context(), put(body.make(t, data)))
			e, ok := errors.AsType[*transfer.Error](err)
			require.True(t, ok)
			require.ErrorContains(t, err, "InternalError")
			require.ErrorContains(t, err, "given up after 1 retries")
			require.Empty(t, e.UploadID)
			require.Equal(t, operation == "UploadPart", e.Part > 0)
			requireNothing(t, fake, operation)

			c, _ = withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
				if op := s3test.Operation(r); op == operation || op == "AbortMultipartUpload" {
					return s3test.InternalError()
				}
				return s3test.Fault{}
			})
			_, err = newClient(newPool(t), c, smallParts, few).Put(t.Context(), put(body.make(t, data)))
			e, _ = errors.AsType[*transfer.Error](err)
			left := fake.Uploads("bucket")
			require.Len(t, left, 1)
			require.Equal(t, left[0].ID, e.UploadID)
			require.ErrorContains(t, err, "the upload is still there")
			require.ErrorContains(t, err, "upload \""+left[0].ID)
		}
		fake := newUploadFake()
		c, _ := withFaults(fake, on("UploadPart", always, s3test.InternalError()))
		_, err := newClient(newPool(t), c, smallParts, few, func(o *transfer.Options) { o.LeaveParts = true }).
			Put(t.Context(), put(body.make(t, data)))
		e, _ := errors.AsType[*transfer.Error](err)
		require.Len(t, fake.Uploads("bucket"), 1)
		require.Equal(t, fake.Uploads("bucket")[0].ID, e.UploadID)
	}
}

// TestPutLostAnswer: an upload that was completed, and whose answer was lost, is a
// success.
func TestPutLostAnswer(t *testing.T) {
	data := pattern(3 * testPart)
	for _, times := range []int64{1, 2, 3} {
		fake := newUploadFake()
		c, _ := withFaults(fake, on("CompleteMultipartUpload", times, s3test.LoseAnswer()))
		out, err := newClient(newPool(t), c, smallParts).Put(t.Context(), put(bytes.NewReader(data)))
		require.NoError(t, err)
		require.Equal(t, requireStored(t, fake, data, "").ETag, *out.Output.ETag)

		// As a store that forgets completed uploads.
		fake = newUploadFake()
		var n atomic.Int64
		c, _ = withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
			switch {
			case s3test.Operation(r) != "CompleteMultipartUpload":
				return s3test.Fault{}
			case n.Add(1) <= times:
				return s3test.LoseAnswer()
			}
			return s3test.Status(http.StatusNotFound, "NoSuchUpload")
		})
		out, err = newClient(newPool(t), c, smallParts).Put(t.Context(), put(bytes.NewReader(data)))
		require.NoError(t, err)
		require.Equal(t, requireStored(t, fake, data, "").ETag, *out.Output.ETag)
		require.NotEmpty(t, out.Checksum)
	}
	// Not where the object there is another.
	fake := newUploadFake()
	fake.Put("bucket", "key", pattern(7))
	c, _ := withFaults(fake, on("CompleteMultipartUpload", always, s3test.Status(http.StatusNotFound, "NoSuchUpload")))
	_, err := newClient(newPool(t), c, smallParts).Put(t.Context(), put(bytes.NewReader(data)))
	require.ErrorContains(t, err, "NoSuchUpload")
}

// TestPutCancel: at any instant, of every operation, a cancelled Put returns without
// waiting, and leaves nothing.
func TestPutCancel(t *testing.T) {
	for _, operation := range []string{"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		for _, kind := range []bodyKind{bodyKinds[0], bodyKinds[5], bodyKinds[7]} {
			synctest.Test(t, func(t *testing.T) {
				size := 5 * testPart
				if operation == "PutObject" {
					size = testPart
				}
				fake := newUploadFake()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				// The upload that is created is aborted when its id is known.
				fault := s3test.Hang()
				if operation == "CreateMultipartUpload" {
					fault = s3test.Delay(time.Second)
				}
				c, _ := withFaults(fake, on(operation, always, s3test.Join(
					s3test.Before(func(*http.Request) { time.AfterFunc(time.Millisecond, cancel) }), fault)))
				start := time.Now()
				client := newClient(newPool(t), c, smallParts)
				_, err := client.Put(ctx, put(kind.make(t, pattern(size))))
				what := operation + " " + kind.name
				require.ErrorIs(t, err, context.Canceled, what)
				require.Less(t, time.Since(start), 500*time.Millisecond, what)
				require.NoError(t, client.Close(t.Context()))
				requireNothing(t, fake, what)
			})
		}
	}
	t.Run("waiting for the budget", func(t *testing.T) {
		for _, kind := range []bodyKind{bodyKinds[5], bodyKinds[7]} {
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, withBudget(testPart))
				held, err := p.Acquire(t.Context(), testPart)
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				fake := newUploadFake()
				_, err = newClient(p, fake.Client(), smallParts).Put(ctx, put(kind.make(t, pattern(40*kib))))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				held.Release()
				requireNothing(t, fake, kind.name)
			})
		}
	})
}

// TestPutManyOnASmallBudget: streams that want ten times what there is finish one after
// the other.
func TestPutManyOnASmallBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(2*testPart))
		fake := newUploadFake()
		c := newClient(p, fake.Client(), smallParts)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				in := put(plain(bytes.NewReader(pattern(i * testPart / 7))))
				in.Key = aws.String(fmt.Sprint(i))
				_, err := c.Put(t.Context(), in)
				assertNoError(t, err)
				if s := p.Stats(); s.Leased > s.MaxBytes {
					t.Errorf("%d bytes leased", s.Leased)
				}
			})
		}
		wg.Wait()
		for i := range 40 {
			o, ok := fake.Object("bucket", fmt.Sprint(i))
			require.True(t, ok)
			require.True(t, bytes.Equal(pattern(i*testPart/7), o.Data))
		}
	})
}

// TestPutResume: an upload goes on where another left it, after any number of parts.
func TestPutResume(t *testing.T) {
	data := pattern(9*testPart + 5)
	for _, algorithm := range []types.ChecksumAlgorithm{"", "CRC32", "SHA256"} {
		for _, never := range []bool{false, true} {
			if never && algorithm != "" {
				continue
			}
			for stop := range 11 {
				what := fmt.Sprintf("%s, unsealed %v, stopped after %d parts", algorithm, never, stop)
				mode := func(o *transfer.Options) {
					if never {
						o.Checksum = transfer.ChecksumNever
					}
				}
				fake := newUploadFake()
				in := func() *s3.PutObjectInput {
					in := put(bytes.NewReader(data))
					in.ChecksumAlgorithm = algorithm
					return in
				}
				token := interrupt(t, fake, in(), stop, mode)
				require.Len(t, fake.Uploads("bucket"), 1, what)
				before := len(fake.Uploads("bucket")[0].Parts)
				fake.ResetRequests()

				out, err := newClient(newPool(t), fake.Client(), smallParts, mode).Put(t.Context(), in(), func(o *transfer.PutOptions) {
					o.PartSize, o.Resume = 3*testPart, token // the token's size counts
				})
				require.NoError(t, err, what)
				requireStored(t, fake, data, what)
				require.Equal(t, 10-before, fake.Counts()["UploadPart"], what)
				require.Zero(t, fake.Counts()["CreateMultipartUpload"], what)
				require.Equal(t, 10, out.Parts, what)
				require.Equal(t, token.UploadID, out.UploadID)
			}
		}
	}
}

// interrupt uploads until a number of parts have been confirmed, and returns the token,
// through JSON.
func interrupt(t *testing.T, fake *s3test.S3, in *s3.PutObjectInput, parts int, optFns ...func(*transfer.Options)) *transfer.ResumeToken {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var text []byte
	c, _ := withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
		if s3test.Operation(r) == "CompleteMultipartUpload" {
			cancel()
		}
		return s3test.Fault{}
	})
	_, err := newClient(newPool(t), c, append(optFns, smallParts)...).Put(ctx, in, func(o *transfer.PutOptions) {
		o.Concurrency = 1 // no other part is under way when this one cancels
		o.Checkpoint = func(k transfer.ResumeToken) error {
			var err error
			text, err = json.Marshal(k)
			assertNoError(t, err)
			if len(k.Parts) == parts {
				cancel()
			}
			return nil
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	e, ok := errors.AsType[*transfer.Error](err)
	require.True(t, ok)
	var token transfer.ResumeToken
	require.NoError(t, json.Unmarshal(text, &token))
	require.Equal(t, token.UploadID, e.UploadID)
	return &token
}

// TestPutResumeDistrusts: a part whose data has changed is sent again.
func TestPutResumeDistrusts(t *testing.T) {
	data := pattern(9 * testPart)
	for _, mode := range []transfer.ChecksumMode{transfer.ChecksumDefault, transfer.ChecksumNever} {
		set := func(o *transfer.Options) { o.Checksum = mode }
		fake := newUploadFake()
		token := interrupt(t, fake, put(bytes.NewReader(data)), 9, set)
		for i := range token.Parts {
			token.Parts[i].Checksum = "" // what S3 says counts
		}
		changed := bytes.Clone(data)
		changed[4*testPart]++
		changed[7*testPart-1]++
		fake.ResetRequests()
		_, err := newClient(newPool(t), fake.Client(), smallParts, set).
			Put(t.Context(), put(bytes.NewReader(changed)), func(o *transfer.PutOptions) { o.Resume = token })
		require.NoError(t, err)
		requireStored(t, fake, changed, "")
		require.Equal(t, 2, fake.Counts()["UploadPart"])
	}
}

// TestPutResumeGone: an upload that S3 does not know is a completed one, or begun anew.
func TestPutResumeGone(t *testing.T) {
	data := pattern(5 * testPart)
	fake := newUploadFake()
	var token transfer.ResumeToken
	c := newClient(newPool(t), fake.Client(), smallParts)
	_, err := c.Put(t.Context(), put(bytes.NewReader(data)), func(o *transfer.PutOptions) {
		o.Checkpoint = func(k transfer.ResumeToken) error { token = k; return nil }
	})
	require.NoError(t, err)
	resume := func(o *transfer.PutOptions) { o.Resume = &token }

	fake.ResetRequests()
	out, err := c.Put(t.Context(), put(bytes.NewReader(data)), resume)
	require.NoError(t, err)
	require.Zero(t, fake.Counts()["UploadPart"]+fake.Counts()["CreateMultipartUpload"])
	require.Equal(t, requireStored(t, fake, data, "").ETag, *out.Output.ETag)

	fake.Delete("bucket", "key")
	fake.ResetRequests()
	_, err = c.Put(t.Context(), put(bytes.NewReader(data)), resume)
	require.NoError(t, err)
	require.Equal(t, 5, fake.Counts()["UploadPart"])
	requireStored(t, fake, data, "")

	for want, fn := range map[string]func(*transfer.ResumeToken, *s3.PutObjectInput){
		"its Key is other":                func(k *transfer.ResumeToken, _ *s3.PutObjectInput) { k.Key = "other" },
		"its Bucket is other":             func(k *transfer.ResumeToken, _ *s3.PutObjectInput) { k.Bucket = "other" },
		"its Size is 5, here it is 32768": func(k *transfer.ResumeToken, _ *s3.PutObjectInput) { k.Size = 5 },
		"no UploadID":                     func(k *transfer.ResumeToken, _ *s3.PutObjectInput) { k.UploadID = "" },
		"unknown algorithm":               func(k *transfer.ResumeToken, _ *s3.PutObjectInput) { k.Algorithm = "FOO" },
		"needs a body that is":            func(_ *transfer.ResumeToken, in *s3.PutObjectInput) { in.Body = plain(in.Body) },
		"the one given is CRC32":          func(_ *transfer.ResumeToken, in *s3.PutObjectInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") },
	} {
		k, in := token, put(bytes.NewReader(data))
		fn(&k, in)
		_, err := c.Put(t.Context(), in, func(o *transfer.PutOptions) { o.Resume = &k })
		if want == "its Size is 5, here it is 32768" {
			want = "its Size is 5, here it is"
		}
		require.ErrorContains(t, err, want)
	}
}

// TestPutChaos: whatever happens on the way, a success has stored the right bytes and
// a failure leaves nothing that can be seen.
func TestPutChaos(t *testing.T) {
	rounds := 3_000
	if !check.Enabled {
		rounds = 400
	}
	fake := newUploadFake()
	// An upload whose creation was answered into the void is nobody's: its answers
	// are not lost here.
	odds := s3test.Random(1, s3test.Odds{Reset: 0.06, SlowDown: 0.04, InternalError: 0.04, LoseAnswer: 0.03, Early: 0.04})
	safe := s3test.Random(2, s3test.Odds{SlowDown: 0.04, InternalError: 0.04})
	proxy := s3test.NewProxy("https://"+s3test.Domain, func(r *http.Request, n int) s3test.Fault {
		if s3test.Operation(r) == "CreateMultipartUpload" {
			return safe(r, n)
		}
		return odds(r, n)
	}, func(o *s3test.ProxyOptions) { o.Transport = fake.HTTPClient().Transport })
	defer proxy.Close()
	p := newPool(t, withBudget(24*testPart))
	c := newClient(p, proxy.Client(impatient), smallParts, func(o *transfer.Options) { o.MaxRetries = 6 })
	var right, cancelled, failed atomic.Int64
	var wg sync.WaitGroup
	const workers = 50
	for id := range workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(id), 9))
			for n := range rounds / workers {
				// A request that was cancelled may still arrive: a key is used once.
				key := fmt.Sprintf("%d-%d", id, n)
				ctx, cancel := context.WithCancel(t.Context())
				if rng.IntN(8) == 0 {
					time.AfterFunc(time.Duration(rng.IntN(10_000))*time.Microsecond, cancel)
				}
				size := rng.IntN(6 * testPart)
				data := pattern(size)
				kind := bodyKinds[rng.IntN(len(bodyKinds)-1)] // no pipes
				in := put(kind.make(t, data))
				in.Key = &key
				if kind.declared {
					in.ContentLength = aws.Int64(int64(size))
				}
				out, err := c.Put(ctx, in)
				o, there := fake.Object("bucket", key)
				switch {
				case err == nil:
					right.Add(1)
					if !there || !bytes.Equal(o.Data, data) || out.Checksum != o.Checksum {
						t.Errorf("%s of %d: success without the object", kind.name, size)
					}
				case errors.Is(err, context.Canceled):
					cancelled.Add(1)
					if ctx.Err() == nil {
						t.Errorf("%s of %d was not cancelled: %v", kind.name, size, err)
					}
				default:
					failed.Add(1)
					e, ok := errors.AsType[*transfer.Error](err)
					if !ok || e.Op != "Put" || e.Key != key {
						t.Errorf("an error that names not the object: %v", err)
					}
					if e.UploadID != "" {
						fake.Client().AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: in.Bucket, Key: in.Key, UploadId: &e.UploadID})
					}
				}
				cancel()
				fake.Delete("bucket", key)
				if there && !bytes.Equal(o.Data, data) {
					t.Errorf("%s of %d: a wrong object is visible after %v", kind.name, size, err)
				}
				if s := p.Stats(); s.Leased > s.MaxBytes {
					t.Errorf("%d bytes leased", s.Leased)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d right, %d cancelled, %d failed; %d requests, %d faults", right.Load(), cancelled.Load(), failed.Load(),
		proxy.Stats().Requests, proxy.Stats().Faults)
	require.NotZero(t, right.Load())
	require.NotZero(t, cancelled.Load())
	require.Empty(t, fake.Uploads("bucket"), "uploads left open")
}

// TestEveryPutFieldIsDecidedOn: every field of PutObjectInput reaches S3 on both paths,
// and a field that is new in the SDK fails the test until somebody has thought of it.
func TestEveryPutFieldIsDecidedOn(t *testing.T) {
	now := time.Now()
	// The operations of a multipart upload that a field goes to.
	const (
		create = 1 << iota
		part
		complete
		abort
		all = create | part | complete | abort
	)
	type decision struct {
		to    int
		value any
	}
	fields := map[string]decision{
		"Bucket":                           {all, aws.String("bucket")},
		"Key":                              {all, aws.String("key")},
		"ACL":                              {create, types.ObjectCannedACLPrivate},
		"BucketKeyEnabled":                 {create, aws.Bool(true)},
		"CacheControl":                     {create, aws.String("no-cache")},
		"ContentDisposition":               {create, aws.String("inline")},
		"ContentEncoding":                  {create, aws.String("gzip")},
		"ContentLanguage":                  {create, aws.String("en")},
		"ContentType":                      {create, aws.String("text/plain")},
		"ExpectedBucketOwner":              {all, aws.String("123456789012")},
		"Expires":                          {create, aws.Time(now)},
		"GrantFullControl":                 {create, aws.String("id=1")},
		"GrantRead":                        {create, aws.String("id=1")},
		"GrantReadACP":                     {create, aws.String("id=1")},
		"GrantWriteACP":                    {create, aws.String("id=1")},
		"IfMatch":                          {complete, aws.String(`"tag"`)},
		"IfNoneMatch":                      {complete, aws.String("*")},
		"Metadata":                         {create, map[string]string{"a": "b"}},
		"ObjectLockEventHold":              {create, "ON"},
		"ObjectLockEventHoldDurationDays":  {create, aws.Int32(1)},
		"ObjectLockEventHoldDurationYears": {create, aws.Int32(1)},
		"ObjectLockLegalHoldStatus":        {create, types.ObjectLockLegalHoldStatusOn},
		"ObjectLockMode":                   {create, types.ObjectLockModeGovernance},
		"ObjectLockRetainUntilDate":        {create, aws.Time(now)},
		"RequestPayer":                     {all, types.RequestPayerRequester},
		"SSECustomerAlgorithm":             {create | part | complete, aws.String("AES256")},
		"SSECustomerKey":                   {create | part | complete, aws.String("0123456789abcdef0123456789abcdef")},
		"SSECustomerKeyMD5":                {create | part | complete, aws.String("md5")},
		"SSEKMSEncryptionContext":          {create, aws.String("e30=")},
		"SSEKMSKeyId":                      {create, aws.String("key")},
		"ServerSideEncryption":             {create, types.ServerSideEncryptionAwsKms},
		"StorageClass":                     {create, types.StorageClassGlacier},
		"Tagging":                          {create, aws.String("a=b")},
		"WebsiteRedirectLocation":          {create, aws.String("/")},

		// Ours: see TestPut, TestPutAlgorithms, TestPutGivenSums, TestPutBadInput.
		"Body": {}, "ContentLength": {}, "ContentMD5": {}, "ChecksumAlgorithm": {}, "WriteOffsetBytes": {},
		"ChecksumCRC32": {}, "ChecksumCRC32C": {}, "ChecksumCRC64NVME": {}, "ChecksumSHA1": {}, "ChecksumSHA256": {},
		"ChecksumSHA512": {}, "ChecksumMD5": {}, "ChecksumXXHASH64": {}, "ChecksumXXHASH3": {}, "ChecksumXXHASH128": {},
	}
	// Fields that the least SDK of our go.mod does not have.
	newer := []string{
		"ObjectLockEventHold", "ObjectLockEventHoldDurationDays", "ObjectLockEventHoldDurationYears",
		"ChecksumSHA512", "ChecksumMD5", "ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128",
	}
	typ := reflect.TypeFor[s3.PutObjectInput]()
	for i := range typ.NumField() {
		field := typ.Field(i)
		if !field.IsExported() {
			continue
		}
		d, ok := fields[field.Name]
		if !ok {
			t.Errorf("PutObjectInput.%s is new: decide which requests of an upload need it", field.Name)
			continue
		}
		delete(fields, field.Name)
		if d.to == 0 {
			continue
		}
		d.value = reflect.ValueOf(d.value).Convert(field.Type).Interface() // to an enumeration
		for _, size := range []int{10, 3 * testPart} {
			for _, fails := range []bool{false, true} {
				api := &putRecorder{fails: fails}
				in := put(bytes.NewReader(pattern(size)))
				reflect.ValueOf(in).Elem().Field(i).Set(reflect.ValueOf(d.value))
				_, err := newClient(newPool(t), api, smallParts).Put(t.Context(), in)
				require.Equal(t, fails, err != nil, field.Name)
				for _, sent := range api.inputs {
					to := 0
					switch sent.(type) {
					case *s3.PutObjectInput:
						to = all
					case *s3.CreateMultipartUploadInput:
						to = create
					case *s3.UploadPartInput:
						to = part
					case *s3.CompleteMultipartUploadInput:
						to = complete
					case *s3.AbortMultipartUploadInput:
						to = abort
					}
					f := reflect.ValueOf(sent).Elem().FieldByName(field.Name)
					if d.to&to == 0 {
						require.False(t, f.IsValid() && !f.IsZero(), "%s in %T", field.Name, sent)
						continue
					}
					require.True(t, f.IsValid(), "%s in %T", field.Name, sent)
					require.Equal(t, d.value, f.Interface(), "%s in %T", field.Name, sent)
				}
			}
		}
	}
	for name := range fields {
		require.Contains(t, newer, name, "fields that the SDK has no more")
	}
}

// A putRecorder keeps the inputs that it was called with.
type putRecorder struct {
	transfer.API // nil: what is not called
	transfer.UploadAPI
	fails bool

	mu     sync.Mutex
	inputs []any
}

func (r *putRecorder) add(in any, body io.Reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inputs = append(r.inputs, in)
	if body != nil {
		io.Copy(io.Discard, body)
	}
}

func (r *putRecorder) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	r.add(in, in.Body)
	if r.fails {
		return nil, errors.New("no")
	}
	return &s3.PutObjectOutput{}, nil
}

func (r *putRecorder) CreateMultipartUpload(_ context.Context, in *s3.CreateMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	r.add(in, nil)
	return &s3.CreateMultipartUploadOutput{UploadId: aws.String("id")}, nil
}

func (r *putRecorder) UploadPart(_ context.Context, in *s3.UploadPartInput, _ ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	r.add(in, in.Body)
	return &s3.UploadPartOutput{ETag: aws.String(`"tag"`)}, nil
}

func (r *putRecorder) CompleteMultipartUpload(_ context.Context, in *s3.CompleteMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	r.add(in, nil)
	if r.fails {
		return nil, errors.New("no")
	}
	return &s3.CompleteMultipartUploadOutput{ETag: aws.String("tag")}, nil
}

func (r *putRecorder) AbortMultipartUpload(_ context.Context, in *s3.AbortMultipartUploadInput, _ ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	r.add(in, nil)
	return &s3.AbortMultipartUploadOutput{}, nil
}

// TestPutCheckpointOfAStream: what cannot be continued is not left behind.
func TestPutCheckpointOfAStream(t *testing.T) {
	fake := newUploadFake()
	c, _ := withFaults(fake, on("UploadPart", always, s3test.Status(http.StatusForbidden, "AccessDenied")))
	_, err := newClient(newPool(t), c, smallParts).Put(t.Context(), put(plain(bytes.NewReader(pattern(5*testPart)))), func(o *transfer.PutOptions) {
		o.Checkpoint = func(transfer.ResumeToken) error { t.Error("a token for a stream"); return nil }
	})
	require.ErrorContains(t, err, "AccessDenied")
	requireNothing(t, fake, "")
}

// TestPutAbortsUntilItIsGone: a part that arrives after the abort brings an upload back.
func TestPutAbortsUntilItIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newUploadFake()
		c, _ := withFaults(fake, on("UploadPart", always, s3test.Reset()))
		api := &forgetful{Client: c, times: 2}
		_, err := newClient(newPool(t), api, smallParts, func(o *transfer.Options) { o.MaxRetries = -1 }).
			Put(t.Context(), put(bytes.NewReader(pattern(5*testPart))))
		e, ok := errors.AsType[*transfer.Error](err)
		require.True(t, ok)
		require.Empty(t, e.UploadID)
		requireNothing(t, fake, "")
	})
}

// A forgetful API does not do what the first requests to abort ask for.
type forgetful struct {
	*s3.Client
	times int
}

func (f *forgetful) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput, optFns ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	if f.times--; f.times >= 0 {
		return &s3.AbortMultipartUploadOutput{}, nil
	}
	return f.Client.AbortMultipartUpload(ctx, in, optFns...)
}
