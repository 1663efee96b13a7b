package transfer_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// sealings are the ways in which an upload can be protected.
var sealings = []struct {
	name string
	set  func(*s3.PutObjectInput)
	mode transfer.ChecksumMode
}{
	{"CRC64NVME", func(*s3.PutObjectInput) {}, transfer.ChecksumAlways},
	{"SHA256", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 }, transfer.ChecksumAlways},
	{"SHA1", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha1 }, transfer.ChecksumAlways},
	{"never", func(*s3.PutObjectInput) {}, transfer.ChecksumNever},
}

var conditions = []struct {
	name string
	set  func(in *s3.PutObjectInput, old string)
}{
	{"always", func(*s3.PutObjectInput, string) {}},
	{"If-None-Match: *", func(in *s3.PutObjectInput, _ string) { in.IfNoneMatch = aws.String("*") }},
	{"If-Match", func(in *s3.PutObjectInput, old string) { in.IfMatch = &old }},
}

// meaningless are answers that no S3 gives to a write that it has done.
var meaningless = map[string]string{
	"nothing": "", "blanks": "   \n  ", "HTML": "<html><body>OK</body></html>",
	"no ETag": `<?xml version="1.0"?><CompleteMultipartUploadResult><Key>key</Key></CompleteMultipartUploadResult>`,
	"no id":   `<?xml version="1.0"?><InitiateMultipartUploadResult></InitiateMultipartUploadResult>`,
}

// interposed is an S3 behind a proxy that answers an operation itself, the first times, and
// passes it on before or not.
func interposed(fake *s3test.S3, operation string, times int, passes bool, reply func(*http.Request) (*http.Response, error)) *s3.Client {
	inner := fake.HTTPClient().Transport
	var n atomic.Int64
	return fake.Client(impatient, func(o *s3.Options) {
		o.HTTPClient = &http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
			if s3test.Operation(r) != operation || n.Add(1) > int64(times) {
				return inner.RoundTrip(r)
			}
			if passes {
				resp, err := inner.RoundTrip(r)
				if err != nil {
					return nil, err
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			return reply(r)
		})}
	})
}

// TestMeaninglessSuccess: a 2xx that is not S3's is no success, unless the object is there.
// What was not done is done again; a proxy that always answers so is an error.
func TestMeaninglessSuccess(t *testing.T) {
	for _, operation := range []string{"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		for name, body := range meaningless {
			for _, passes := range []bool{false, true} {
				for _, seal := range sealings {
					for _, times := range []int{1, 100} {
						synctest.Test(t, func(t *testing.T) {
							what := fmt.Sprintf("%s answered with %s %d times, done %v, %s", operation, name, times, passes, seal.name)
							fake := newUploadFake()
							c := interposed(fake, operation, times, passes, func(r *http.Request) (*http.Response, error) {
								return answer(r, http.StatusOK, body), nil
							})
							client := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.Checksum = seal.mode })
							data := pattern(3*testPart + 1)
							if operation == "PutObject" {
								data = data[:100]
							}
							in := put(bytes.NewReader(data))
							seal.set(in)
							out, err := client.Put(t.Context(), in)
							visible := passes && (operation == "PutObject" || operation == "CompleteMultipartUpload")
							if times > 1 && !visible {
								require.Error(t, err, what)
								_, there := fake.Object("bucket", "key")
								require.False(t, there, what)
								if operation != "CreateMultipartUpload" {
									require.Empty(t, fake.Uploads("bucket"), what)
								}
								return
							}
							require.NoError(t, err, what)
							if operation == "CreateMultipartUpload" && passes {
								// Nobody knows the id of what was begun first.
								o, _ := fake.Object("bucket", "key")
								require.True(t, bytes.Equal(data, o.Data), what)
								return
							}
							require.Equal(t, requireStored(t, fake, data, what).ETag, *out.Output.ETag, what)
						})
					}
				}
			}
		}
	}
}

// TestLostAnswer: a write that was done, and whose answer was lost, is a success: for every
// way to protect it, under every condition, for one request and for many, and also where S3
// has forgotten the upload.
func TestLostAnswer(t *testing.T) {
	reset := func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	for _, operation := range []string{"PutObject", "CompleteMultipartUpload"} {
		for _, seal := range sealings {
			for _, condition := range conditions {
				for _, times := range []int{1, 3} {
					synctest.Test(t, func(t *testing.T) {
						what := fmt.Sprintf("%s lost %d times, %s, %s", operation, times, seal.name, condition.name)
						fake := newUploadFake()
						old := ""
						if condition.name == "If-Match" {
							old = fake.Put("bucket", "key", pattern(7)).ETag
						}
						time.Sleep(time.Hour)
						client := newClient(newPool(t), interposed(fake, operation, times, true, reset), smallParts, func(o *transfer.Options) { o.Checksum = seal.mode })
						data := pattern(3*testPart + 1)
						if operation == "PutObject" {
							data = data[:100]
						}
						in := put(bytes.NewReader(data))
						seal.set(in)
						condition.set(in, old)
						out, err := client.Put(t.Context(), in)
						if operation == "PutObject" && times == 3 {
							// The SDK tries twice, and a PutObject has its retries alone.
							require.Error(t, err, what)
							return
						}
						require.NoError(t, err, what)
						require.Equal(t, requireStored(t, fake, data, what).ETag, *out.Output.ETag, what)
					})
				}
			}
		}
	}
}

// TestLostAnswerOfAnother: where another's object is in the way, the condition holds.
func TestLostAnswerOfAnother(t *testing.T) {
	for _, operation := range []string{"PutObject", "CompleteMultipartUpload"} {
		for _, seal := range sealings {
			for _, same := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					what := fmt.Sprintf("%s, %s, the same bytes %v", operation, seal.name, same)
					data := pattern(3*testPart + 1)
					if operation == "PutObject" {
						data = data[:100]
					}
					fake := newUploadFake()
					if same { // another has put the very same
						in := put(bytes.NewReader(data))
						seal.set(in)
						_, err := newClient(newPool(t), fake.Client(), smallParts, func(o *transfer.Options) { o.Checksum = seal.mode }).Put(t.Context(), in)
						require.NoError(t, err)
					} else {
						fake.Put("bucket", "key", pattern(50))
					}
					time.Sleep(time.Hour)
					c := interposed(fake, operation, 1, false, func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
					in := put(bytes.NewReader(data))
					seal.set(in)
					in.IfNoneMatch = aws.String("*")
					_, err := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.Checksum = seal.mode }).Put(t.Context(), in)
					require.ErrorContains(t, err, "PreconditionFailed", what)
					require.Empty(t, fake.Uploads("bucket"), what)
				})
			}
		}
	}
}

// TestForgottenUpload: a store that knows a completed upload no more, and has lost its
// answer, is believed where the object can be shown to be ours.
func TestForgottenUpload(t *testing.T) {
	for _, seal := range sealings {
		for _, condition := range conditions {
			for _, refusal := range []s3test.Fault{
				s3test.Status(http.StatusNotFound, "NoSuchUpload"), s3test.Status(http.StatusPreconditionFailed, "PreconditionFailed"),
			} {
				synctest.Test(t, func(t *testing.T) {
					what := fmt.Sprintf("%s, %s, %s", seal.name, condition.name, refusal)
					fake := newUploadFake()
					old := ""
					if condition.name == "If-Match" {
						old = fake.Put("bucket", "key", pattern(7)).ETag
					}
					time.Sleep(time.Hour)
					n := 0
					c, _ := withFaults(fake, func(r *http.Request, _ int) s3test.Fault {
						if s3test.Operation(r) != "CompleteMultipartUpload" {
							return s3test.Fault{}
						}
						if n++; n == 1 {
							return s3test.LoseAnswer()
						}
						return refusal
					})
					data := pattern(3*testPart + 1)
					in := put(bytes.NewReader(data))
					seal.set(in)
					condition.set(in, old)
					out, err := newClient(newPool(t), c, smallParts, func(o *transfer.Options) { o.Checksum = seal.mode }).Put(t.Context(), in)
					require.NoError(t, err, what)
					require.Equal(t, requireStored(t, fake, data, what).ETag, *out.Output.ETag, what)
				})
			}
		}
	}
}
