package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// A call is one of the client's ways to download, with the bytes as its result.
type call struct {
	name string
	do   func(ctx context.Context, t testing.TB, c *transfer.Client, in *s3.GetObjectInput, optFns ...func(*transfer.DownloadOptions)) ([]byte, transfer.Verification, error)
}

var calls = []call{
	{"Get", func(ctx context.Context, t testing.TB, c *transfer.Client, in *s3.GetObjectInput, optFns ...func(*transfer.DownloadOptions)) ([]byte, transfer.Verification, error) {
		o, err := c.Get(ctx, in, optFns...)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		defer o.Release()
		return bytes.Clone(o.Bytes()), o.Verification, nil
	}},
	{"Open", func(ctx context.Context, t testing.TB, c *transfer.Client, in *s3.GetObjectInput, optFns ...func(*transfer.DownloadOptions)) ([]byte, transfer.Verification, error) {
		r, err := c.Open(ctx, in, optFns...)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		defer r.Close()
		var got bytes.Buffer
		buf := make([]byte, 7*kib)
		for {
			n, err := r.Read(buf)
			got.Write(buf[:n])
			if err == io.EOF {
				v, err := r.Verify()
				return got.Bytes(), v, err
			}
			if err != nil {
				return nil, transfer.Verification{}, err
			}
		}
	}},
	{"WriteTo", func(ctx context.Context, t testing.TB, c *transfer.Client, in *s3.GetObjectInput, optFns ...func(*transfer.DownloadOptions)) ([]byte, transfer.Verification, error) {
		r, err := c.Open(ctx, in, optFns...)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		defer r.Close()
		var got bytes.Buffer
		n, err := r.WriteTo(&got)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		require.EqualValues(t, got.Len(), n)
		v, err := r.Verify()
		return got.Bytes(), v, err
	}},
	{"Download", func(ctx context.Context, t testing.TB, c *transfer.Client, in *s3.GetObjectInput, optFns ...func(*transfer.DownloadOptions)) ([]byte, transfer.Verification, error) {
		w := manager.NewWriteAtBuffer(nil)
		out, err := c.Download(ctx, w, in, optFns...)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		require.EqualValues(t, len(w.Bytes()), out.Written)
		return w.Bytes(), out.Verification, nil
	}},
}

func TestClientDownloads(t *testing.T) {
	fake := s3test.New()
	for _, size := range boundarySizes {
		object := pattern(size)
		fake.Put("bucket", "key", object)
		for _, call := range calls {
			p := newPool(t)
			got, v, err := call.do(t.Context(), t, newClient(p, fake.Client()), get(""))
			require.NoError(t, err, "%s of %d bytes", call.name, size)
			require.True(t, bytes.Equal(object, got), "%s of %d bytes: got %d", call.name, size, len(got))
			require.True(t, v.Verified(), "%s of %d bytes: %+v", call.name, size, v)
			require.Equal(t, types.ChecksumAlgorithmCrc64nvme, v.Algorithm)
			require.Equal(t, types.ChecksumTypeFullObject, v.Type)
		}
	}
}

func TestClientRanges(t *testing.T) {
	const size = 5*testPart + 100
	fake := s3test.New()
	object := pattern(size)
	fake.Put("bucket", "key", object)
	for _, c := range []struct {
		rng      string
		from, to int
	}{
		{"bytes=0-0", 0, 1},
		{"bytes=10-", 10, size},
		{"bytes=-200000", size - 200000, size},
		{fmt.Sprintf("bytes=%d-%d", testPart-1, 3*testPart), testPart - 1, 3*testPart + 1},
		{fmt.Sprintf("bytes=%d-%d", testPart, 10*size), testPart, size},
	} {
		for _, call := range calls {
			p := newPool(t)
			got, v, err := call.do(t.Context(), t, newClient(p, fake.Client()), get(c.rng))
			require.NoError(t, err, "%s %s", call.name, c.rng)
			require.True(t, bytes.Equal(object[c.from:c.to], got), "%s %s: %d bytes", call.name, c.rng, len(got))
			require.Equal(t, transfer.Verification{Reason: "a range of the object was asked for"}, v)
		}
	}
}

func TestClientPartNumber(t *testing.T) {
	fake := s3test.New()
	object := pattern(5*testPart + 100)
	fake.Put("bucket", "key", object, func(o *s3test.Object) { o.Parts = s3test.EqualParts(int64(len(object)), 2*testPart) })
	for _, call := range calls {
		p := newPool(t)
		in := get("")
		in.PartNumber = aws.Int32(2)
		got, v, err := call.do(t.Context(), t, newClient(p, fake.Client()), in)
		require.NoError(t, err, call.name)
		require.True(t, bytes.Equal(object[2*testPart:4*testPart], got), call.name)
		require.Equal(t, "one part of the object was asked for", v.Reason)
	}
}

func TestClientErrorsAreTheSDKs(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(100))
	for name, c := range map[string]struct {
		in     *s3.GetObjectInput
		status int
	}{
		"no such key":    {&s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("no")}, 404},
		"no such bucket": {&s3.GetObjectInput{Bucket: aws.String("none"), Key: aws.String("key")}, 404},
		"range":          {get("bytes=100-"), 416},
		"if-match":       {&s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), IfMatch: aws.String(`"x"`)}, 412},
		"owner":          {&s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), ExpectedBucketOwner: aws.String("1")}, 403},
	} {
		for _, call := range calls {
			p := newPool(t)
			_, _, err := call.do(t.Context(), t, newClient(p, fake.Client()), c.in)
			require.Error(t, err, name)
			e, ok := errors.AsType[*transfer.Error](err)
			require.True(t, ok, "%s: %v", name, err)
			require.Equal(t, *c.in.Bucket+"/"+*c.in.Key, e.Bucket+"/"+e.Key)
			http, ok := errors.AsType[*smithyhttp.ResponseError](err)
			require.True(t, ok, "%s: %v", name, err)
			require.Equal(t, c.status, http.HTTPStatusCode(), name)
			require.NotErrorIs(t, err, transfer.ErrChanged)
			if name == "no such key" {
				_, ok := errors.AsType[*types.NoSuchKey](err)
				require.True(t, ok)
			}
		}
	}
	p := newPool(t)
	_, err := newClient(p, fake.Client()).Get(t.Context(), nil)
	require.EqualError(t, err, "s3pool: Get \"/\": nil GetObjectInput")
	_, err = newClient(p, fake.Client()).Get(t.Context(), &s3.GetObjectInput{})
	require.ErrorContains(t, err, "s3pool: Get \"/\": ")
}

// TestClientVerifies flips one byte on the way, anywhere.
func TestClientVerifies(t *testing.T) {
	const size = 5*testPart + 100
	for _, algorithm := range []types.ChecksumAlgorithm{
		types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c,
		types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmSha1,
	} {
		for _, kind := range []types.ChecksumType{types.ChecksumTypeFullObject, types.ChecksumTypeComposite} {
			if kind == types.ChecksumTypeComposite && algorithm == types.ChecksumAlgorithmCrc64nvme {
				continue // S3 has none
			}
			fake := s3test.New()
			object := pattern(size)
			fake.Put("bucket", "key", object, func(o *s3test.Object) {
				o.ChecksumAlgorithm, o.ChecksumType = algorithm, kind
				if kind == types.ChecksumTypeComposite {
					o.Parts = s3test.EqualParts(size, 2*testPart)
				}
			})
			for _, call := range calls {
				name := fmt.Sprintf("%s %s %s", algorithm, kind, call.name)
				p := newPool(t)
				got, v, err := call.do(t.Context(), t, newClient(p, fake.Client()), get(""))
				require.NoError(t, err, name)
				require.True(t, bytes.Equal(object, got), name)
				require.Equal(t, transfer.Verification{Algorithm: algorithm, Type: kind}, v, name)

				for _, at := range []int64{0, testPart - 1, testPart, 3*testPart + 5, size - 1} {
					c, _ := withFaults(fake, flipAt(at))
					_, _, err := call.do(t.Context(), t, newClient(p, c), get(""))
					require.ErrorIs(t, err, transfer.ErrIntegrity, "%s, byte %d", name, at)
				}
			}
		}
	}
}

// TestClientUnequalParts verifies a composite checksum over parts of different sizes. A
// stream can do so where they end at multiples of 4 KiB, and otherwise says why it cannot.
func TestClientUnequalParts(t *testing.T) {
	for _, sizes := range [][]int{{8 * kib, 4 * kib, 8 * kib}, {8 * kib, 5 * kib, 8 * kib}, {1, 20 * kib, 0}} {
		fake := s3test.New()
		var parts []s3test.Part
		total, aligned := 0, true
		for i, n := range sizes {
			total += n
			aligned = aligned && (total%(4*kib) == 0 || i == len(sizes)-1)
			parts = append(parts, s3test.Part{Number: int32(i + 1), Size: int64(n)})
		}
		object := pattern(total)
		for _, alg := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmSha256} {
			fake.Put("bucket", "key", object, func(o *s3test.Object) {
				o.ChecksumAlgorithm, o.ChecksumType, o.Parts = alg, types.ChecksumTypeComposite, parts
			})
			for _, call := range calls {
				got, v, err := call.do(t.Context(), t, newClient(newPool(t), fake.Client()), get(""))
				name := fmt.Sprint(call.name, sizes, alg)
				require.NoError(t, err, name)
				require.True(t, bytes.Equal(object, got), name)
				if alg == types.ChecksumAlgorithmCrc32 && (aligned || call.name == "Get") {
					require.True(t, v.Verified(), "%s: %s", name, v.Reason)
				} else if !v.Verified() {
					require.NotEmpty(t, v.Reason, name)
				}
			}
		}
	}
}

func TestClientVerifyModes(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(1000))
	whenRequired := func(o *s3.Options) { o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired }
	unset := func(o *s3.Options) { o.ResponseChecksumValidation = 0 }
	mode := func(m transfer.VerifyMode) func(*transfer.Options) { return func(o *transfer.Options) { o.Verify = m } }
	for _, call := range calls {
		p := newPool(t)
		verify := func(api transfer.API, optFns ...func(*transfer.Options)) transfer.Verification {
			_, v, err := call.do(t.Context(), t, newClient(p, api, optFns...), get(""))
			require.NoError(t, err)
			return v
		}
		require.True(t, verify(fake.Client()).Verified())
		require.True(t, verify(fake.Client(unset)).Verified())
		require.Equal(t, "the client's ResponseChecksumValidation is WhenRequired", verify(fake.Client(whenRequired)).Reason)
		require.True(t, verify(fake.Client(whenRequired), mode(transfer.VerifyAvailable)).Verified())
		require.Equal(t, "Options.Verify is VerifyNever", verify(fake.Client(), mode(transfer.VerifyNever)).Reason)
	}
	none := s3test.New(func(o *s3test.Options) { o.NoDefaultChecksum = true })
	none.Put("bucket", "key", pattern(1000), func(o *s3test.Object) { o.ChecksumAlgorithm = "" })
	for _, call := range calls {
		_, v, err := call.do(t.Context(), t, newClient(newPool(t), none.Client()), get(""))
		require.NoError(t, err)
		require.Equal(t, "the store sent no checksum", v.Reason)
	}
}

func TestClientUserAgent(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(5*testPart))
	c, _ := withFaults(fake, func(_ *http.Request, n int) s3test.Fault {
		if n == 1 {
			return s3test.Cut(100) // so that there is a second request
		}
		return s3test.Fault{}
	})
	_, _, err := calls[0].do(t.Context(), t, newClient(newPool(t), c), get(""))
	require.NoError(t, err)
	requests := fake.Requests()
	require.Greater(t, len(requests), 1)
	for i, r := range requests {
		require.Contains(t, r.Header.Get("User-Agent"), "aws-sdk-go-v2/")
		require.Contains(t, r.Header.Get("User-Agent"), "s3pool/"+transfer.Version)
		require.Equal(t, i == 0, r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED", "only the first request asks for the checksum")
	}
}

func TestClientOptions(t *testing.T) {
	fake := s3test.New()
	for field, set := range map[string]func(*transfer.DownloadOptions){
		"PartSize is -1":          func(o *transfer.DownloadOptions) { o.PartSize = -1 },
		"ParallelThreshold is -1": func(o *transfer.DownloadOptions) { o.ParallelThreshold = -1 },
		"Concurrency is -1":       func(o *transfer.DownloadOptions) { o.Concurrency = -1 },
		"Concurrency is 1000000":  func(o *transfer.DownloadOptions) { o.Concurrency = 1_000_000 },
		"Verify is 7":             func(o *transfer.DownloadOptions) { o.Verify = 7 },
	} {
		_, err := transfer.New(fake.Client(), func(o *transfer.Options) {
			d := transfer.DownloadOptions{RequestOptions: o.RequestOptions, Downloads: o.Downloads}
			set(&d)
			o.RequestOptions, o.Downloads = d.RequestOptions, d.Downloads
		}).Get(t.Context(), get(""))
		require.ErrorContains(t, err, "Options."+field, "on the client")
		require.ErrorIs(t, err, transfer.ErrInvalid)
		_, err = transfer.New(fake.Client()).Get(t.Context(), get(""), set)
		require.ErrorContains(t, err, "Options."+field, "on the call")
		require.ErrorIs(t, err, transfer.ErrInvalid)
	}
	require.PanicsWithValue(t, "s3pool: New: nil API", func() { transfer.New(nil) })
	require.PanicsWithValue(t, "s3pool: New: nil API", func() { transfer.New((*s3.Client)(nil)) })
}

func TestClientProgress(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(5*testPart+100))
	for _, call := range calls {
		var last transfer.Progress
		progress := func(o *transfer.DownloadOptions) {
			o.Progress = func(p transfer.Progress) {
				if p.Done < last.Done || p.Parts < last.Parts {
					t.Errorf("%s: %+v after %+v", call.name, p, last)
				}
				last = p
			}
		}
		_, _, err := call.do(t.Context(), t, newClient(newPool(t), fake.Client()), get(""), progress)
		require.NoError(t, err)
		require.Equal(t, transfer.Progress{Done: 5*testPart + 100, Total: 5*testPart + 100, Parts: 6}, last, call.name)
	}
}

func TestReaderIsAReader(t *testing.T) {
	fake := s3test.New()
	for _, size := range []int{0, 1, testPart, 3*testPart + 7} {
		object := pattern(size)
		fake.Put("bucket", "key", object)
		p := newPool(t)
		r, err := newClient(p, fake.Client()).Open(t.Context(), get(""))
		require.NoError(t, err)
		require.EqualValues(t, size, r.Size())
		require.NoError(t, iotest.TestReader(r, object))
		require.NoError(t, r.Close())
		require.NoError(t, r.Close())
	}
}

// TestReaderCloseAnywhere closes a reader after every number of bytes that matters,
// and reads on.
func TestReaderCloseAnywhere(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(6*testPart))
	for _, n := range []int64{0, 1, testPart - 1, testPart, testPart + 1, 3 * testPart, 6 * testPart} {
		p := newPool(t)
		r, err := newClient(p, fake.Client()).Open(t.Context(), get(""))
		require.NoError(t, err)
		_, err = io.CopyN(io.Discard, r, n)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		_, err = r.Read(make([]byte, 1))
		require.ErrorContains(t, err, "read from a Reader that has been closed")
		_, err = r.Verify()
		require.ErrorContains(t, err, "read from a Reader that has been closed")
		requireIdle(t, p)
	}
}

// TestReadersShareAOnePartBudget: 32 readers make progress with memory for one
// part, and a reader that nobody reads holds up no other.
func TestReadersShareAOnePartBudget(t *testing.T) {
	fake := s3test.New()
	object := pattern(9 * testPart)
	fake.Put("bucket", "key", object)
	p := newPool(t, withBudget(testPart))
	c := newClient(p, fake.Client())
	var readers []*transfer.Reader
	for range 32 {
		r, err := c.Open(t.Context(), get(""))
		require.NoError(t, err)
		readers = append(readers, r)
	}
	for _, r := range readers { // one after another
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.True(t, bytes.Equal(object, got))
		v, err := r.Verify()
		require.NoError(t, err)
		require.True(t, v.Verified())
		require.NoError(t, r.Close())
	}
}

func TestDownloadToAFullDisk(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(5*testPart))
	full := errors.New("disk full")
	var writes int
	_, err := newClient(newPool(t), fake.Client(), func(o *transfer.Options) { o.Concurrency = 1 }).
		Download(t.Context(), writerAtFunc(func([]byte, int64) (int, error) { writes++; return 0, full }), get(""))
	require.ErrorIs(t, err, full)
	require.Equal(t, 1, writes, "not tried again")
	require.EqualError(t, err, "s3pool: Download \"bucket/key\": part 1: disk full")
}

func TestDownloadToAFile(t *testing.T) {
	fake := s3test.New()
	object := pattern(3*mib + 5)
	fake.Put("bucket", "key", object)
	f, err := os.Create(filepath.Join(t.TempDir(), "object"))
	require.NoError(t, err)
	defer f.Close()
	_, err = newClient(newPool(t), fake.Client()).Download(t.Context(), f, get(""))
	require.NoError(t, err)
	got, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	require.True(t, bytes.Equal(object, got))
}

// TestClientWithoutALength is what a mock that sets nothing but a body gives.
func TestClientWithoutALength(t *testing.T) {
	for _, size := range []int{0, 1, 128 * kib, 300 * kib} {
		for _, call := range calls {
			api := mockAPI{object: pattern(size)}
			got, v, err := call.do(t.Context(), t, newClient(newPool(t), api), get(""))
			require.NoError(t, err, "%s of %d", call.name, size)
			require.True(t, bytes.Equal(pattern(size), got), "%s of %d: %d", call.name, size, len(got))
			require.Equal(t, "the store sent no checksum", v.Reason)
		}
	}
}

type mockAPI struct {
	transfer.API // nil: what is not called
	object       []byte
}

func (m mockAPI) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(m.object))}, nil
}

func (m mockAPI) HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return &s3.HeadObjectOutput{}, nil
}

func TestClientWrongRegion(t *testing.T) {
	fake := s3test.New(func(o *s3test.Options) { o.Region = "eu-central-1" })
	fake.Put("bucket", "key", pattern(100))
	for _, call := range calls {
		c := fake.Client(func(o *s3.Options) { o.Region = "us-west-2" })
		_, _, err := call.do(t.Context(), t, newClient(newPool(t), c), get(""))
		api, ok := errors.AsType[smithy.APIError](err)
		require.True(t, ok, "%s: %v", call.name, err)
		require.Equal(t, "AuthorizationHeaderMalformed", api.ErrorCode())
	}
}

// TestClientChargesWhatItNeeds: a small object takes its own class of the budget,
// never a part.
func TestClientChargesWhatItNeeds(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(100_000))
	p := newPool(t, withBudget(mib))
	o, err := transfer.New(fake.Client(), func(o *transfer.Options) { o.Pool = p }).Get(t.Context(), get(""))
	require.NoError(t, err)
	require.EqualValues(t, 112*kib, p.Stats().Leased)
	o.Release()
	require.PanicsWithValue(t, "s3pool: Bytes of a Buffer that has been released", func() { o.Bytes() })
	require.PanicsWithValue(t, "s3pool: Buffer released twice", o.Release)

	fake.Put("bucket", "large", pattern(2*mib))
	in := &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("large")}
	c := transfer.New(fake.Client(), func(o *transfer.Options) { o.Pool = p })
	_, err = c.Get(t.Context(), in)
	require.ErrorIs(t, err, s3pool.ErrTooLarge)
	// The others move an object of any size through what there is.
	for _, call := range calls[1:] {
		got, _, err := call.do(t.Context(), t, c, in)
		require.NoError(t, err, call.name)
		require.Len(t, got, 2*mib)
	}
}

// TestGetsShareABudget: more than there is room for all finish.
func TestGetsShareABudget(t *testing.T) {
	fake := s3test.New()
	object := pattern(4*testPart + 1)
	fake.Put("bucket", "key", object)
	p := newPool(t, withBudget(mib))
	c := newClient(p, fake.Client())
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			o, err := c.Get(t.Context(), get(""))
			if !assertNoError(t, err) {
				return
			}
			defer o.Release()
			if !bytes.Equal(object, o.Bytes()) {
				t.Error("wrong bytes")
			}
			if s := p.Stats(); s.Leased > s.MaxBytes {
				t.Errorf("%d bytes leased with a budget of %d", s.Leased, s.MaxBytes)
			}
		})
	}
	wg.Wait()
	require.NotZero(t, p.Stats().Waits)
}
