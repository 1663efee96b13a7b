package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestMaxObjectBytes: an object above the limit is refused before memory is taken for it,
// with both sizes in the error.
func TestMaxObjectBytes(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(3*testPart))
	limit := func(n int64) func(*transfer.DownloadOptions) {
		return func(o *transfer.DownloadOptions) { o.MaxObjectBytes = n }
	}
	for _, call := range calls {
		p := newPool(t)
		_, _, err := call.do(t.Context(), t, newClient(p, fake.Client()), get(""), limit(3*testPart-1))
		require.ErrorIs(t, err, s3pool.ErrTooLarge, call.name)
		require.ErrorContains(t, err, "196608", call.name)
		require.ErrorContains(t, err, "196607", call.name)
		require.Zero(t, p.Stats().Classes, call.name)
		_, _, err = call.do(t.Context(), t, newClient(newPool(t), fake.Client()), get(""), limit(3*testPart))
		require.NoError(t, err, call.name)
		_, _, err = call.do(t.Context(), t, newClient(newPool(t), fake.Client()), get("bytes=5-9"), limit(5))
		require.NoError(t, err, "%s: a range counts as its own length", call.name)

		endless := &dribble{FakeS3: pooltest.FakeS3{Object: pattern(3 * testPart), NoLength: true}}
		_, _, err = call.do(t.Context(), t, newClient(newPool(t), endless), get(""), limit(testPart))
		require.ErrorIs(t, err, s3pool.ErrTooLarge, "%s without a length", call.name)
	}
	announced := &dribble{FakeS3: pooltest.FakeS3{Object: pattern(10)}}
	announced.Body = func(int64, io.Reader) io.Reader { return strings.NewReader("") }
	huge := announcer{API: announced}
	_, err := newClient(newPool(t), huge).Get(t.Context(), get(""))
	require.ErrorIs(t, err, s3pool.ErrTooLarge, "a length in a header")
}

// An announcer promises a TiB.
type announcer struct{ transfer.API }

func (a announcer) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := a.API.GetObject(ctx, in, optFns...)
	if err == nil {
		out.ContentLength, out.ContentRange = aws.Int64(1<<40), nil
	}
	return out, err
}

// TestVerifyRequired: what cannot be checked is an error.
func TestVerifyRequired(t *testing.T) {
	none := s3test.New(func(o *s3test.Options) { o.NoDefaultChecksum = true })
	none.Put("bucket", "key", pattern(1000), func(o *s3test.Object) { o.ChecksumAlgorithm = "" })
	sums := s3test.New()
	sums.Put("bucket", "key", pattern(1000))
	required := func(o *transfer.DownloadOptions) { o.Verify = transfer.VerifyRequired }
	for _, call := range calls {
		_, _, err := call.do(t.Context(), t, newClient(newPool(t), none.Client()), get(""), required)
		require.ErrorIs(t, err, transfer.ErrUnverified, call.name)
		_, _, err = call.do(t.Context(), t, newClient(newPool(t), sums.Client()), get("bytes=0-9"), required)
		require.ErrorIs(t, err, transfer.ErrUnverified, call.name)
		_, v, err := call.do(t.Context(), t, newClient(newPool(t), sums.Client()), get(""), required)
		require.NoError(t, err, call.name)
		require.True(t, v.Verified(), call.name)
	}
}

// met returns what c has met, without the ways its calls took.
func met(c *transfer.Client) transfer.Stats {
	s := c.Stats()
	s.Direct, s.SDK, s.WhySDK = 0, 0, ""
	return s
}

// TestEvents: what happens on the way is told, and counted.
func TestEvents(t *testing.T) {
	var mu sync.Mutex
	var events []transfer.Event
	told := func(o *transfer.Options) {
		o.OnEvent = func(e transfer.Event) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
		}
	}
	fake := newUploadFake()
	fake.Put("bucket", "key", pattern(1000))
	c := newClient(newPool(t), fake.Client(), told)
	o, err := c.Get(t.Context(), get(""))
	require.NoError(t, err)
	o.Release()
	require.Len(t, events, 1)
	require.Equal(t, transfer.EventVerified, events[0].Kind)
	require.Equal(t, "Get", events[0].Op)
	require.Equal(t, "key", events[0].Key)
	require.Equal(t, transfer.Stats{Verified: 1}, met(c))

	api, _ := withFaults(fake, flipAt(500))
	c = newClient(newPool(t), api, told)
	_, err = c.Get(t.Context(), get(""))
	require.ErrorIs(t, err, transfer.ErrIntegrity)
	require.Equal(t, transfer.Stats{Mismatches: 1}, met(c))
	require.Equal(t, "mismatch", events[len(events)-1].Kind.String())
	require.ErrorIs(t, events[len(events)-1].Err, transfer.ErrIntegrity)

	breaks := &dribble{FakeS3: pooltest.FakeS3{Object: pattern(1000)}}
	breaks.Body = func(n int64, r io.Reader) io.Reader {
		if n == 0 {
			return io.MultiReader(io.LimitReader(r, 100), readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
		}
		return r
	}
	c = newClient(newPool(t), breaks, told)
	o, err = c.Get(t.Context(), get(""))
	require.NoError(t, err)
	o.Release()
	require.EqualValues(t, 1, c.Stats().Resumes)
	require.EqualValues(t, 1, c.Stats().Unverified)

	api, _ = withFaults(fake, on("UploadPart", 1, s3test.InternalError()))
	c = newClient(newPool(t), api, smallParts, told, func(o *transfer.Options) {
		o.ClientOptions = append(o.ClientOptions, func(o *s3.Options) { o.RetryMaxAttempts, o.Retryer = 1, aws.NopRetryer{} })
	})
	_, err = c.Put(t.Context(), put(bytes.NewReader(pattern(3*testPart))))
	require.NoError(t, err)
	require.NotZero(t, c.Stats().Retries)
}

// TestCheckpointFails: an upload whose token cannot be kept ends, and can be resumed by an
// earlier one.
func TestCheckpointFails(t *testing.T) {
	fake := newUploadFake()
	full := errors.New("disk full")
	for _, after := range []int{0, 2} {
		_, err := newClient(newPool(t), fake.Client(), smallParts).Put(t.Context(), put(bytes.NewReader(pattern(5*testPart))), func(o *transfer.PutOptions) {
			o.Concurrency = 1
			o.Checkpoint = func(k transfer.ResumeToken) error {
				if len(k.Parts) == after {
					return full
				}
				return nil
			}
		})
		require.ErrorIs(t, err, full)
		require.ErrorContains(t, err, "the checkpoint")
		e, ok := errors.AsType[*transfer.Error](err)
		require.True(t, ok)
		require.NotEmpty(t, e.UploadID, "the parts are kept")
	}
	require.Empty(t, fake.Keys("bucket"))
}

// TestReaderVerify: a decoder that stops at its last byte asks for the verdict.
func TestReaderVerify(t *testing.T) {
	fake := s3test.New()
	text, err := json.Marshal(map[string]int{"a": 1})
	require.NoError(t, err)
	fake.Put("bucket", "key", append(text, strings.Repeat(" ", 3*testPart)...))
	for _, at := range []int64{-1, 5, 2 * testPart} {
		api, _ := withFaults(fake, flipAt(at))
		if at < 0 {
			api = fake.Client()
		}
		r, err := newClient(newPool(t), api).Open(t.Context(), get(""))
		require.NoError(t, err)
		_, err = io.CopyN(io.Discard, r, int64(len(text)))
		require.NoError(t, err)
		v, err := r.Verify()
		if at < 0 {
			require.NoError(t, err)
			require.True(t, v.Verified())
		} else {
			require.ErrorIs(t, err, transfer.ErrIntegrity)
		}
		require.NoError(t, r.Close())
	}
}

// TestOpenReadsAheadWhenRead: an Open and a Close cost one request.
func TestOpenReadsAheadWhenRead(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(9*testPart))
	r, err := newClient(newPool(t), fake.Client()).Open(t.Context(), get(""))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, 1, fake.Counts()["GetObject"])
}

func TestObject(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(1000))
	o, err := newClient(newPool(t), fake.Client()).Get(t.Context(), get(""))
	require.NoError(t, err)
	defer o.Release()
	require.Equal(t, 1000, o.Len())
	var b bytes.Buffer
	n, err := o.WriteTo(&b)
	require.NoError(t, err)
	require.EqualValues(t, 1000, n)
	require.Equal(t, pattern(1000), b.Bytes())
	got, err := io.ReadAll(o.Reader())
	require.NoError(t, err)
	require.Equal(t, pattern(1000), got)
}

func TestHead(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(1000))
	c := newClient(newPool(t), fake.Client())
	out, err := c.Head(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
	require.NoError(t, err)
	require.EqualValues(t, 1000, *out.ContentLength)
	_, err = c.Head(t.Context(), nil)
	require.ErrorIs(t, err, transfer.ErrInvalid)
	_, err = c.Head(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("no\nsuch")})
	require.ErrorContains(t, err, `s3pool: Head "bucket/no\nsuch": `)
	require.NotContains(t, err.Error(), "\n")
}

// TestSmallAPI: an API without uploads is enough for downloads.
func TestSmallAPI(t *testing.T) {
	c := newClient(newPool(t), &dribble{FakeS3: pooltest.FakeS3{Object: pattern(10)}})
	_, err := c.Put(t.Context(), put(strings.NewReader("x")))
	require.ErrorContains(t, err, "no UploadAPI")
	require.ErrorIs(t, err, transfer.ErrInvalid)
}

// TestErrorNamesTheVersion, and forges no line of a log.
func TestErrorNamesTheVersion(t *testing.T) {
	fake := s3test.New()
	fake.CreateBucket("bucket", true)
	in := get("")
	in.VersionId = aws.String("v1")
	_, err := newClient(newPool(t), fake.Client()).Get(t.Context(), in)
	e, ok := errors.AsType[*transfer.Error](err)
	require.True(t, ok)
	require.Equal(t, "v1", e.Version)
	require.ErrorContains(t, err, `Get "bucket/key": version "v1": `)
}

// TestEmptyNames: an empty name is refused before anything is sent.
func TestEmptyNames(t *testing.T) {
	fake := newUploadFake()
	c := newClient(newPool(t), fake.Client())
	for _, names := range [][2]string{{"", "key"}, {"bucket", ""}} {
		in := get("")
		in.Bucket, in.Key = &names[0], &names[1]
		for _, call := range calls {
			_, _, err := call.do(t.Context(), t, c, in)
			require.ErrorIs(t, err, transfer.ErrInvalid, call.name)
		}
		_, err := c.Put(t.Context(), &s3.PutObjectInput{Bucket: in.Bucket, Key: in.Key, Body: strings.NewReader("x")})
		require.ErrorIs(t, err, transfer.ErrInvalid)
		_, err = c.Head(t.Context(), &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key})
		require.ErrorIs(t, err, transfer.ErrInvalid)
	}
	require.Empty(t, fake.Requests())
}

// TestForeignError: the *Error of another call, from a caller's Reader or Writer, is a cause
// like any other, and nobody writes to it.
func TestForeignError(t *testing.T) {
	fake := newUploadFake()
	fake.Put("bucket", "other", pattern(10))
	c := newClient(newPool(t), fake.Client(), smallParts)
	foreign := &transfer.Error{Op: "Put", Bucket: "elsewhere", Key: "k", Err: io.ErrClosedPipe}
	before := *foreign
	in := get("")
	in.Key = aws.String("other")
	_, err := c.Download(t.Context(), writerAtFunc(func([]byte, int64) (int, error) { return 0, foreign }), in)
	require.ErrorContains(t, err, `Download "bucket/other"`)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	for _, n := range []int{0, 3 * testPart} {
		body := io.MultiReader(bytes.NewReader(pattern(n)), readerFunc(func([]byte) (int, error) { return 0, foreign }))
		_, err = c.Put(t.Context(), put(plain(body)))
		require.ErrorContains(t, err, `Put "bucket/key"`)
		require.ErrorIs(t, err, io.ErrClosedPipe)
	}
	require.Equal(t, before, *foreign)
}

// TestUnknownLength: -1 is net/http's word for it.
func TestUnknownLength(t *testing.T) {
	fake := newUploadFake()
	in := put(plain(strings.NewReader("hello")))
	in.ContentLength = aws.Int64(-1)
	out, err := newClient(newPool(t), fake.Client()).Put(t.Context(), in)
	require.NoError(t, err)
	require.EqualValues(t, 5, out.Written)
}

// TestClosedReader is fs.ErrClosed, as a closed file is.
func TestClosedReader(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(10))
	r, err := newClient(newPool(t), fake.Client()).Open(t.Context(), get(""))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = r.Read(make([]byte, 1))
	require.ErrorIs(t, err, fs.ErrClosed)
}

// A vague store loses ETags.
type vague struct {
	*s3.Client
	part, complete int // answers without one
	lost           bool
}

func (v *vague) UploadPart(ctx context.Context, in *s3.UploadPartInput, optFns ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	out, err := v.Client.UploadPart(ctx, in, optFns...)
	if v.part--; v.part >= 0 && err == nil {
		out.ETag = nil
	}
	return out, err
}

func (v *vague) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, optFns ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	if v.complete--; v.complete >= 0 {
		if !v.lost {
			v.Client.CompleteMultipartUpload(ctx, in, optFns...)
		}
		return &s3.CompleteMultipartUploadOutput{}, nil
	}
	return v.Client.CompleteMultipartUpload(ctx, in, optFns...)
}

// TestPutBelievesAnETag: a 2xx without one is no success by itself.
func TestPutBelievesAnETag(t *testing.T) {
	data := pattern(5 * testPart)
	one := func(o *transfer.Options) { o.Concurrency = 1 }
	for name, v := range map[string]*vague{
		"part":                   {part: 2},
		"completed":              {complete: 1},
		"not completed, once":    {complete: 1, lost: true},
		"never completed at all": {complete: 1 << 20, lost: true},
	} {
		fake := newUploadFake()
		v.Client = fake.Client()
		out, err := newClient(newPool(t), v, smallParts, one, func(o *transfer.Options) { o.MaxRetries = 2 }).
			Put(t.Context(), put(bytes.NewReader(data)))
		if v.complete > 1000 {
			require.ErrorContains(t, err, "without an ETag", name)
			require.Empty(t, fake.Keys("bucket"))
			require.Empty(t, fake.Uploads("bucket"), "aborted")
			continue
		}
		require.NoError(t, err, name)
		o := requireStored(t, fake, data, name)
		require.Equal(t, o.ETag, *out.Output.ETag, name)
	}
}
