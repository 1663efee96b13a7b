package transfer_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// A bodyKind makes a body of the given bytes.
type bodyKind struct {
	name     string
	declared bool // with a ContentLength
	again    bool // can be read again
	make     func(t *testing.T, data []byte) io.Reader
}

var bodyKinds = []bodyKind{
	{"bytes.Reader", false, true, func(_ *testing.T, data []byte) io.Reader { return bytes.NewReader(data) }},
	{"strings.Reader", true, true, func(_ *testing.T, data []byte) io.Reader { return strings.NewReader(string(data)) }},
	{"file", false, true, func(t *testing.T, data []byte) io.Reader { return fileOf(t, data) }},
	{"section", false, true, func(t *testing.T, data []byte) io.Reader {
		return io.NewSectionReader(fileOf(t, append([]byte("front"), append(data, "back"...)...)), 5, int64(len(data)))
	}},
	{"in the middle", false, true, func(_ *testing.T, data []byte) io.Reader {
		r := bytes.NewReader(append([]byte("front"), data...))
		r.Seek(5, io.SeekStart)
		return r
	}},
	{"bytes.Buffer", false, false, func(_ *testing.T, data []byte) io.Reader { return bytes.NewBuffer(bytes.Clone(data)) }},
	{"declared stream", true, false, func(_ *testing.T, data []byte) io.Reader { return plain(bytes.NewReader(data)) }},
	{"stream", false, false, func(_ *testing.T, data []byte) io.Reader { return plain(bytes.NewReader(data)) }},
	{"stream of bits", false, false, func(_ *testing.T, data []byte) io.Reader {
		return plain(bufio.NewReaderSize(bytes.NewReader(data), 1000))
	}},
	{"stream, EOF with data", false, false, func(_ *testing.T, data []byte) io.Reader {
		return iotest.DataErrReader(bytes.NewReader(data))
	}},
	{"pipe", false, false, func(t *testing.T, data []byte) io.Reader {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		t.Cleanup(func() { r.Close() })
		go func() { w.Write(data); w.Close() }()
		return r
	}},
}

func fileOf(t *testing.T, data []byte) *os.File {
	f, err := os.Create(filepath.Join(t.TempDir(), "body"))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Write(data)
	require.NoError(t, err)
	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	return f
}

// requireStored checks that the bucket has the object and nothing else.
func requireStored(t testing.TB, fake *s3test.S3, data []byte, what string) s3test.Object {
	t.Helper()
	o, ok := fake.Object("bucket", "key")
	require.True(t, ok, what)
	require.True(t, bytes.Equal(data, o.Data), "%s: %d bytes stored of %d", what, len(o.Data), len(data))
	require.Empty(t, fake.Uploads("bucket"), what)
	return o
}

// requireNothing checks that the bucket is empty.
func requireNothing(t testing.TB, fake *s3test.S3, what string) {
	t.Helper()
	_, ok := fake.Object("bucket", "key")
	require.False(t, ok, what)
	require.Empty(t, fake.Uploads("bucket"), what)
}

func TestPut(t *testing.T) {
	for _, size := range append(boundarySizes, 32*kib, 32*kib+1, 128*kib) {
		data := pattern(size)
		for _, kind := range bodyKinds {
			for _, budget := range []int64{0, testPart} {
				what := fmt.Sprintf("%s of %d with a budget of %d", kind.name, size, budget)
				fake := newUploadFake()
				p := newPool(t, withBudget(budget))
				in := put(kind.make(t, data))
				if kind.declared {
					in.ContentLength = aws.Int64(int64(size))
				}
				var last transfer.Progress
				out, err := newClient(p, fake.Client(), smallParts).Put(t.Context(), in, func(o *transfer.PutOptions) {
					o.Progress = func(p transfer.Progress) { last = p }
				})
				require.NoError(t, err, what)
				o := requireStored(t, fake, data, what)
				require.EqualValues(t, size, out.Written, what)
				require.Equal(t, o.ETag, *out.Output.ETag, what)
				require.Equal(t, types.ChecksumTypeFullObject, o.ChecksumType, what)
				require.Equal(t, types.ChecksumAlgorithmCrc64nvme, o.ChecksumAlgorithm, what)
				require.Equal(t, o.Checksum, out.Checksum, what)
				require.Equal(t, o.ChecksumType, out.ChecksumType, what)
				require.EqualValues(t, size, last.Done, what)
				require.Equal(t, out.Parts, last.Parts, what)
				require.Equal(t, size > testPart, out.UploadID != "", what)
				require.Len(t, o.Parts, map[bool]int{true: out.Parts, false: 0}[size > testPart], what)
				require.NotContains(t, fake.Counts(), "HeadObject", what)
			}
		}
	}
}

// TestPutLeavesThePosition: a body that is read in sections is where it was.
func TestPutLeavesThePosition(t *testing.T) {
	fake := newUploadFake()
	r := bytes.NewReader(pattern(3 * testPart))
	r.Seek(7, io.SeekStart)
	_, err := newClient(newPool(t), fake.Client(), smallParts).Put(t.Context(), put(r))
	require.NoError(t, err)
	pos, _ := r.Seek(0, io.SeekCurrent)
	require.EqualValues(t, 7, pos)
	requireStored(t, fake, pattern(3 * testPart)[7:], "")
}

// TestPutWrongLength: a declared length is exact, and a body that is not leaves
// nothing.
func TestPutWrongLength(t *testing.T) {
	for _, size := range []int{0, 1, testPart, testPart + 1, 3 * testPart} {
		for _, off := range []int{-1, 1, testPart} {
			for _, kind := range bodyKinds {
				declared := int64(size + off)
				if declared < 0 {
					continue
				}
				fake := newUploadFake()
				in := put(kind.make(t, pattern(size)))
				in.ContentLength = &declared
				_, err := newClient(newPool(t), fake.Client(), smallParts).Put(t.Context(), in)
				what := fmt.Sprintf("%s of %d declared as %d", kind.name, size, declared)
				require.ErrorContains(t, err, "s3pool: Put \"bucket/key\": ", what)
				require.ErrorContains(t, err, "the body ", what)
				requireNothing(t, fake, what)
			}
		}
	}
}

// TestPutBodyFails: the caller's own error comes back, and nothing is visible.
func TestPutBodyFails(t *testing.T) {
	boom := errors.New("boom")
	for _, after := range []int{0, 1, 40 * kib, testPart, testPart + 1, 3*testPart + 5} {
		for _, declared := range []bool{false, true} {
			fake := newUploadFake()
			in := put(plain(io.MultiReader(bytes.NewReader(pattern(after)), errReader{boom})))
			if declared {
				in.ContentLength = aws.Int64(5 * testPart)
			}
			_, err := newClient(newPool(t), fake.Client(), smallParts).Put(t.Context(), in)
			what := fmt.Sprintf("after %d bytes, declared %v", after, declared)
			require.ErrorIs(t, err, boom, what)
			require.ErrorContains(t, err, "boom", what)
			requireNothing(t, fake, what)
		}
		// A section fails where it is read again, too.
		for _, size := range []int{testPart, 5 * testPart} {
			fake := newUploadFake()
			_, err := newClient(newPool(t), fake.Client(), smallParts).Put(t.Context(), put(&brokenSection{
				Reader: bytes.NewReader(pattern(size)), at: int64(min(after, size-1)), err: boom}))
			require.ErrorIs(t, err, boom)
			requireNothing(t, fake, "")
		}
	}
}

// A brokenSection fails from the second time on that its byte at is read.
type brokenSection struct {
	*bytes.Reader
	at  int64
	err error
}

func (b *brokenSection) ReadAt(p []byte, off int64) (int, error) {
	if off <= b.at && b.at < off+int64(len(p)) {
		n, _ := b.Reader.ReadAt(p[:b.at-off], off)
		return n, b.err
	}
	return b.Reader.ReadAt(p, off)
}

// TestPutAlgorithms sends what the input asks for, and Get verifies it.
func TestPutAlgorithms(t *testing.T) {
	for _, a := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		for _, size := range []int{0, 100, 3*testPart + 9} {
			for _, kind := range []bodyKind{bodyKinds[0], bodyKinds[7]} {
				what := fmt.Sprintf("%s %s of %d", a, kind.name, size)
				fake := newUploadFake()
				in := put(kind.make(t, pattern(size)))
				in.ChecksumAlgorithm = a
				c := newClient(newPool(t), fake.Client(), smallParts)
				out, err := c.Put(t.Context(), in)
				require.NoError(t, err, what)
				require.Equal(t, a, out.ChecksumAlgorithm, what)
				o := requireStored(t, fake, pattern(size), what)
				require.Equal(t, a, o.ChecksumAlgorithm, what)
				require.Equal(t, out.ChecksumType, o.ChecksumType, what)
				if size <= testPart || strings.HasPrefix(string(a), "CRC") {
					require.Equal(t, types.ChecksumTypeFullObject, o.ChecksumType, what)
					require.Equal(t, o.Checksum, out.Checksum, what)
				}
				got, err := c.Get(t.Context(), get(""))
				require.NoError(t, err, what)
				require.True(t, got.Verification.Verified(), "%s: %v", what, got.Verification)
				got.Release()
			}
		}
	}
}

// TestPutGivenSums: a checksum that the caller gives is passed on, and checked on both
// paths.
func TestPutGivenSums(t *testing.T) {
	for _, size := range []int{100, 3*testPart + 9} {
		data := pattern(size)
		right := &s3.PutObjectInput{}
		sums(right, data)
		wrong := &s3.PutObjectInput{}
		sums(wrong, pattern(size+1))
		for _, f := range []struct {
			name string
			set  func(in, from *s3.PutObjectInput)
		}{
			{"CRC32", func(in, from *s3.PutObjectInput) { in.ChecksumCRC32 = from.ChecksumCRC32 }},
			{"CRC32C", func(in, from *s3.PutObjectInput) { in.ChecksumCRC32C = from.ChecksumCRC32C }},
			{"CRC64NVME", func(in, from *s3.PutObjectInput) { in.ChecksumCRC64NVME = from.ChecksumCRC64NVME }},
			{"SHA1", func(in, from *s3.PutObjectInput) { in.ChecksumSHA1 = from.ChecksumSHA1 }},
			{"SHA256", func(in, from *s3.PutObjectInput) { in.ChecksumSHA256 = from.ChecksumSHA256 }},
			{"MD5", func(in, from *s3.PutObjectInput) { in.ContentMD5 = from.ContentMD5 }},
		} {
			for _, kind := range []bodyKind{bodyKinds[0], bodyKinds[6], bodyKinds[7]} {
				what := fmt.Sprintf("%s of %d, %s", f.name, size, kind.name)
				fake := newUploadFake()
				c := newClient(newPool(t), fake.Client(), smallParts)
				in := put(kind.make(t, data))
				f.set(in, wrong)
				if kind.declared {
					in.ContentLength = aws.Int64(int64(size))
				}
				_, err := c.Put(t.Context(), in)
				require.Error(t, err, what)
				if size > testPart {
					require.ErrorIs(t, err, transfer.ErrIntegrity, what)
				}
				requireNothing(t, fake, what)

				in.Body = kind.make(t, data)
				f.set(in, right)
				_, err = c.Put(t.Context(), in)
				require.NoError(t, err, what)
				o := requireStored(t, fake, data, what)
				if f.name != "MD5" {
					require.EqualValues(t, f.name, o.ChecksumAlgorithm, what)
				}
			}
		}
	}
}

// sums fills in every checksum of data.
func sums(in *s3.PutObjectInput, data []byte) {
	in.ChecksumCRC32 = aws.String(crc.FromCRC(crc.CRC32, crc.Update(crc.CRC32, 0, data)).String())
	in.ChecksumCRC32C = aws.String(crc.FromCRC(crc.CRC32C, crc.Update(crc.CRC32C, 0, data)).String())
	in.ChecksumCRC64NVME = aws.String(crc.FromCRC(crc.CRC64NVME, crc.Update(crc.CRC64NVME, 0, data)).String())
	sha1sum, sha256sum, md5sum := sha1.Sum(data), sha256.Sum256(data), md5.Sum(data)
	in.ChecksumSHA1 = aws.String(base64.StdEncoding.EncodeToString(sha1sum[:]))
	in.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(sha256sum[:]))
	in.ContentMD5 = aws.String(base64.StdEncoding.EncodeToString(md5sum[:]))
}

// TestPutWithoutChecksums: a store that refuses checksums sees none.
func TestPutWithoutChecksums(t *testing.T) {
	never := func(o *transfer.Options) { o.Checksum = transfer.ChecksumNever }
	required := func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired }
	for name, c := range map[string]func(p *s3pool.Pool, f *s3test.S3) *transfer.Client{
		"VerifyNever": func(p *s3pool.Pool, f *s3test.S3) *transfer.Client {
			return newClient(p, f.Client(), smallParts, never)
		},
		"WhenRequired": func(p *s3pool.Pool, f *s3test.S3) *transfer.Client {
			return newClient(p, f.Client(required), smallParts)
		},
	} {
		for _, size := range []int{0, 100, 3 * testPart} {
			fake := newUploadFake(func(o *s3test.Options) { o.NoDefaultChecksum = true })
			out, err := c(newPool(t), fake).Put(t.Context(), put(bytes.NewReader(pattern(size))))
			require.NoError(t, err, name)
			require.Empty(t, out.ChecksumAlgorithm, name)
			require.Empty(t, requireStored(t, fake, pattern(size), name).ChecksumAlgorithm, name)
			for _, r := range fake.Requests() {
				for h := range r.Header {
					require.NotContains(t, strings.ToLower(h), "checksum", name)
				}
				require.Contains(t, r.Header.Get("User-Agent"), "s3pool/"+transfer.Version)
			}
		}
	}
}

// TestPutBadInput: each mistake is said in the caller's words.
func TestPutBadInput(t *testing.T) {
	fake := newUploadFake()
	c := newClient(newPool(t), fake.Client(), smallParts)
	inputs := map[string]*s3.PutObjectInput{
		"nil PutObjectInput":             nil,
		"the body is a nil *os.File":     put((*os.File)(nil)),
		"ContentLength is -2":            {Bucket: aws.String("bucket"), Key: aws.String("key"), ContentLength: aws.Int64(-2)},
		"has two checksums":              {Bucket: aws.String("bucket"), Key: aws.String("key"), ChecksumCRC32: aws.String("AAAAAA=="), ChecksumCRC32C: aws.String("AAAAAA==")},
		"PutObjectInput.ChecksumCRC32: ": {Bucket: aws.String("bucket"), Key: aws.String("key"), ChecksumCRC32: aws.String("?")},
		"is none of CRC64NVME":           {Bucket: aws.String("bucket"), Key: aws.String("key"), ChecksumAlgorithm: "XXHASH64"},
		"WriteOffsetBytes appends": {Bucket: aws.String("bucket"), Key: aws.String("key"),
			Body: bytes.NewReader(pattern(3 * testPart)), WriteOffsetBytes: aws.Int64(7)},
		"impossible count": put(readerFunc(func(p []byte) (int, error) { return len(p) + 1, nil })),
		"Put \"bucket/key\": multiple Read calls return no data": put(readerFunc(func(p []byte) (int, error) { return 0, nil })),
	}
	foreign := put(bytes.NewReader(pattern(3 * testPart)))
	if f := reflect.ValueOf(foreign).Elem().FieldByName("ChecksumXXHASH64"); f.IsValid() { // not in the least SDK
		f.Set(reflect.ValueOf(aws.String("AAAAAAAAAAA=")))
		inputs["XXHASH64 checksum cannot be checked in a multipart"] = foreign
	}
	for want, in := range inputs {
		_, err := c.Put(t.Context(), in)
		require.ErrorContains(t, err, want)
		requireNothing(t, fake, want)
	}
	require.Empty(t, fake.Requests())
}

// TestPutRefused: S3's errors come through.
func TestPutRefused(t *testing.T) {
	for _, size := range []int{10, 3 * testPart} {
		fake := newUploadFake()
		c, _ := withFaults(fake, s3test.Always(s3test.Status(http.StatusForbidden, "AccessDenied")))
		_, err := newClient(newPool(t), c, smallParts).Put(t.Context(), put(bytes.NewReader(pattern(size))))
		e, ok := errors.AsType[*transfer.Error](err)
		require.True(t, ok)
		require.ErrorContains(t, e, "AccessDenied")
		require.Equal(t, "bucket", e.Bucket)

		// If-None-Match on both paths.
		fake.Put("bucket", "key", []byte("old"))
		in := put(bytes.NewReader(pattern(size)))
		in.IfNoneMatch = aws.String("*")
		_, err = newClient(newPool(t), fake.Client(), smallParts).Put(t.Context(), in)
		require.ErrorContains(t, err, "PreconditionFailed")
		requireStored(t, fake, []byte("old"), "")
	}
}

// TestPutStuckBody: a Read that does not return keeps nothing but its own buffer.
func TestPutStuckBody(t *testing.T) {
	for _, before := range []int{0, 40 * kib, testPart, testPart + 9} {
		for _, declared := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				fake := newUploadFake()
				r, w := io.Pipe()
				ctx, cancel := context.WithCancel(t.Context())
				in := put(io.MultiReader(bytes.NewReader(pattern(before)), readerFunc(func(b []byte) (int, error) {
					cancel()
					return r.Read(b)
				})))
				if declared {
					in.ContentLength = aws.Int64(3 * testPart)
				}
				_, err := newClient(newPool(t), fake.Client(), smallParts).Put(ctx, in)
				require.ErrorIs(t, err, context.Canceled)
				requireNothing(t, fake, "")
				w.Close() // the Read returns
				synctest.Wait()
			})
		}
	}
}

// TestPutOfReaders: copies from a store to another through one small pool finish: what
// the Readers have read ahead never takes the memory that the uploads need to go on.
func TestPutOfReaders(t *testing.T) {
	for _, budget := range []int64{testPart, 2 * testPart, 3 * testPart, 5 * testPart} {
		for _, wrapped := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				from, to := s3test.New(), newUploadFake()
				data := pattern(20*testPart + 9)
				from.Put("bucket", "key", data)
				p := newPool(t, withBudget(budget))
				reads := newClient(p, from.Client())
				writes := newClient(p, to.Client(), smallParts)
				var wg sync.WaitGroup
				for i := range 5 {
					wg.Go(func() {
						r, err := reads.Open(t.Context(), get(""))
						if !assertNoError(t, err) {
							return
						}
						defer r.Close()
						in := put(r)
						if wrapped {
							in.Body = plain(r)
						}
						in.Key = aws.String(fmt.Sprint(i))
						_, err = writes.Put(t.Context(), in)
						assertNoError(t, err)
					})
				}
				wg.Wait()
				for i := range 5 {
					o, _ := to.Object("bucket", fmt.Sprint(i))
					require.True(t, bytes.Equal(data, o.Data))
				}
			})
		}
	}
}
