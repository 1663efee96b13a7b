package s3http_test

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/crc64nvme"

	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
)

// A receiver is a server that puts what it is sent into bucket/key.
type receiver struct {
	*httptest.Server
	fake *s3test.S3
	err  error               // Receive's
	out  *transfer.PutOutput // the same
}

func newReceiver(t *testing.T, limit int64, optFns ...func(*http.Request, *s3.PutObjectInput)) *receiver {
	rc := &receiver{fake: newUploadFake()}
	p := newPool(t)
	c := newClient(p, rc.fake.Client(impatient), smallParts)
	rc.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := put(nil)
		for _, fn := range optFns {
			fn(r, in)
		}
		if rc.out, rc.err = s3http.Receive(w, r, c, in, func(o *s3http.ReceiveOptions) { o.MaxBytes = limit }); rc.err == nil {
			w.WriteHeader(http.StatusCreated)
		}
	}))
	t.Cleanup(func() {
		rc.Client().CloseIdleConnections()
		rc.Close()
	})
	return rc
}

// send sends a request and returns its status. The trailer is sent behind the body,
// which then has no length.
func (rc *receiver) send(t *testing.T, body io.Reader, headers []string, trailer http.Header) int {
	rc.err, rc.out = nil, nil
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, rc.URL, body)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	if trailer != nil {
		req.Trailer, req.ContentLength = trailer, -1
	}
	resp, err := rc.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	if resp.StatusCode >= 400 {
		require.Equal(t, http.StatusText(resp.StatusCode)+"\n", string(text), "nothing else")
	}
	return resp.StatusCode
}

// requireNothing is what every refusal must leave.
func (rc *receiver) requireNothing(t *testing.T) {
	t.Helper()
	e, ok := errors.AsType[*transfer.Error](rc.err)
	require.True(t, ok, "%v", rc.err)
	require.Equal(t, "Receive bucket/key", e.Op+" "+e.Bucket+"/"+e.Key)
	require.Nil(t, rc.out)
	_, ok = rc.fake.Object("bucket", "key")
	require.False(t, ok, "nothing visible")
	require.Empty(t, rc.fake.Uploads("bucket"), "nothing left")
}

func (rc *receiver) requireObject(t *testing.T, want []byte) s3test.Object {
	t.Helper()
	require.NoError(t, rc.err)
	require.EqualValues(t, len(want), rc.out.Written)
	o, ok := rc.fake.Object("bucket", "key")
	require.True(t, ok)
	require.True(t, bytes.Equal(want, o.Data))
	return o
}

var receivedSizes = []int{0, 1, 1000, testPart, 3*testPart + 7}

func TestReceive(t *testing.T) {
	for _, size := range receivedSizes {
		data := pattern(size)
		for _, known := range []bool{true, false} {
			rc := newReceiver(t, int64(size)+1)
			var body io.Reader = bytes.NewReader(data)
			if !known {
				body = plain(body)
			}
			require.Equal(t, 201, rc.send(t, body, []string{
				"Content-Type", "image/png", "Content-Encoding", "gzip", "Content-Language", "eo",
				"Content-Disposition", "inline", "Cache-Control", "no-store", "If-None-Match", "*",
			}, nil), "%v", rc.err)
			o := rc.requireObject(t, data)
			require.Equal(t, http.Header{
				"Content-Type": {"image/png"}, "Content-Encoding": {"gzip"}, "Content-Language": {"eo"},
				"Content-Disposition": {"inline"}, "Cache-Control": {"no-store"},
			}, o.Header)
			require.Equal(t, 412, rc.send(t, bytes.NewReader(data), []string{"If-None-Match", "*"}, nil))
			require.Equal(t, 412, rc.send(t, bytes.NewReader(data), []string{"If-Match", `"other"`}, nil))
			require.Equal(t, 201, rc.send(t, bytes.NewReader(data), []string{"If-Match", o.ETag}, nil))
		}
	}
}

func TestReceiveCallersInputWins(t *testing.T) {
	rc := newReceiver(t, 0, func(_ *http.Request, in *s3.PutObjectInput) {
		in.ContentType, in.CacheControl = aws.String("text/plain"), aws.String("private")
		in.Metadata = map[string]string{"from": "the caller"}
	})
	require.Equal(t, 201, rc.send(t, bytes.NewReader(pattern(10)), []string{"Content-Type", "text/html", "Cache-Control", "public"}, nil))
	o := rc.requireObject(t, pattern(10))
	require.Equal(t, http.Header{"Content-Type": {"text/plain"}, "Cache-Control": {"private"}}, o.Header)
	require.Equal(t, map[string]string{"from": "the caller"}, o.Metadata)
}

func TestReceiveLimit(t *testing.T) {
	for _, limit := range []int64{1, 100, 2*testPart + 3} {
		rc := newReceiver(t, limit)
		for _, extra := range []int64{1, 5 * testPart} {
			data := pattern(int(limit + extra))
			require.Equal(t, 413, rc.send(t, bytes.NewReader(data), nil, nil))
			rc.requireNothing(t)
			require.Empty(t, rc.fake.Requests(), "the length says it all")
			require.Equal(t, 413, rc.send(t, plain(bytes.NewReader(data)), nil, nil))
			rc.requireNothing(t)
			rc.fake.ResetRequests()
		}
		require.Equal(t, 201, rc.send(t, bytes.NewReader(pattern(int(limit))), nil, nil))
		require.Equal(t, 201, rc.send(t, plain(bytes.NewReader(pattern(int(limit)))), nil, nil))
	}
}

// digests returns a valid field for every digest there is of data.
func digests(data []byte) map[string]string {
	b64 := base64.StdEncoding.EncodeToString
	m5, s1, s256, s512 := md5.Sum(data), sha1.Sum(data), sha256.Sum256(data), sha512.Sum512(data)
	c32, c32c, c64 := crc32.NewIEEE(), crc32.New(crc32.MakeTable(crc32.Castagnoli)), crc64nvme.New()
	io.MultiWriter(c32, c32c, c64).Write(data)
	return map[string]string{
		"Content-MD5":              b64(m5[:]),
		"Content-Digest":           "sha-256=:" + b64(s256[:]) + ":",
		"Repr-Digest":              "md5=:AAAA:, x=\"a, sha-256=:b:\" , sha-512=:" + b64(s512[:]) + ":;p=1, sha-256=:" + b64(s256[:]) + ":",
		"X-Amz-Checksum-Crc32":     b64(c32.Sum(nil)),
		"X-Amz-Checksum-Crc32c":    b64(c32c.Sum(nil)),
		"X-Amz-Checksum-Crc64nvme": b64(c64.Sum(nil)),
		"X-Amz-Checksum-Sha1":      b64(s1[:]),
		"X-Amz-Checksum-Sha256":    b64(s256[:]),
	}
}

// TestReceiveDigests: right ones are taken, wrong ones refused, in the header and behind
// the body, whatever its size.
func TestReceiveDigests(t *testing.T) {
	rc := newReceiver(t, 0)
	for _, size := range receivedSizes {
		data := pattern(size)
		for field, right := range digests(data) {
			wrong := digests(append(data, 1))[field]
			require.Equal(t, 201, rc.send(t, bytes.NewReader(data), []string{field, right}, nil), "%s: %v", field, rc.err)
			require.Equal(t, 201, rc.send(t, plain(bytes.NewReader(data)), []string{field, right}, nil), "%s: %v", field, rc.err)
			require.Equal(t, 201, rc.send(t, bytes.NewReader(data), nil, http.Header{field: {right}}), "trailer %s: %v", field, rc.err)
			rc.requireObject(t, data)
			rc.fake.Delete("bucket", "key")

			for _, known := range []bool{true, false} {
				var body io.Reader = bytes.NewReader(data)
				if !known {
					body = plain(body)
				}
				require.Equal(t, 400, rc.send(t, body, []string{field, wrong}, nil), "%s of %d bytes", field, size)
				require.ErrorIs(t, rc.err, transfer.ErrIntegrity)
				rc.requireNothing(t)
			}
			if size == 0 {
				continue // net/http's client sends no trailer without a body
			}
			require.Equal(t, 400, rc.send(t, bytes.NewReader(data), nil, http.Header{field: {wrong}}), "trailer %s of %d bytes", field, size)
			require.ErrorIs(t, rc.err, transfer.ErrIntegrity)
			rc.requireNothing(t)
		}
	}
}

func TestReceiveOddDigests(t *testing.T) {
	rc := newReceiver(t, 0)
	data := pattern(1000)
	s256 := digests(data)["Content-Digest"]
	for _, tt := range []struct {
		name    string
		headers []string
		trailer http.Header
		status  int
	}{
		{"an algorithm we do not know", []string{"Repr-Digest", "unixsum=:AAA=:, md5=:AAAA:"}, nil, 201},
		{"none", []string{"Repr-Digest", ""}, nil, 201},
		{"two lines", []string{"Repr-Digest", "md5=:AAAA:", "Repr-Digest", s256}, nil, 201},
		{"the last one counts (RFC 9651, section 3.2)", []string{"Repr-Digest", "sha-256=:AAAA:, " + s256}, nil, 201},
		{"no byte sequence", []string{"Repr-Digest", "sha-256=abc"}, nil, 400},
		{"no value", []string{"Repr-Digest", "sha-256"}, nil, 400},
		{"no base64", []string{"Repr-Digest", "sha-256=:!:"}, nil, 400},
		{"too short", []string{"Content-Digest", "sha-512=:AAAA:"}, nil, 400},
		{"no MD5", []string{"Content-MD5", "AAAA"}, nil, 400},
		{"no CRC", []string{"X-Amz-Checksum-Crc32", "nonsense"}, nil, 400},
		{"one of two is wrong", []string{"Repr-Digest", s256, "Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, nil, 400},
		{"header right, trailer wrong", []string{"Repr-Digest", s256}, http.Header{"Content-Digest": {digests(nil)["Content-Digest"]}}, 400},
		{"a trailer that does not come", nil, http.Header{"Content-Digest": nil}, 400},
		{"a trailer without anything for us", nil, http.Header{"Repr-Digest": {"md5=:AAAA:"}}, 201},
		{"a trailer that cannot be read", nil, http.Header{"Repr-Digest": {"sha-256=1"}}, 400},
		{"a range", []string{"Content-Range", "bytes 0-999/2000"}, nil, 400},
		{"aws-chunked", []string{"Content-Encoding", "gzip, AWS-chunked"}, nil, 415},
		{"If-None-Match, a tag", []string{"If-None-Match", `"a"`}, nil, 501},
		{"If-Match any", []string{"If-Match", `*`}, nil, 501},
		{"If-Match, a list", []string{"If-Match", `"a", "b"`}, nil, 501},
		{"If-Match, weak", []string{"If-Match", `W/"a"`}, nil, 412},
		{"If-Match, no object", []string{"If-Match", `"a"`}, nil, 412},
		{"both", []string{"If-Match", `"a"`, "If-None-Match", "*"}, nil, 501},
		{"If-Unmodified-Since", []string{"If-Unmodified-Since", same}, nil, 501},
		{"If-Unmodified-Since, no date", []string{"If-Unmodified-Since", "x"}, nil, 201},
		{"If-Modified-Since is for GET (RFC 9110, section 13.1.3)", []string{"If-Modified-Since", same}, nil, 201},
	} {
		require.Equal(t, tt.status, rc.send(t, bytes.NewReader(data), tt.headers, tt.trailer), "%s: %v", tt.name, rc.err)
		if tt.status == 201 {
			rc.requireObject(t, data)
			rc.fake.Delete("bucket", "key")
		} else {
			rc.requireNothing(t)
		}
	}
}

// TestReceiveHTTP2: trailers come in another way there.
func TestReceiveHTTP2(t *testing.T) {
	fake := newUploadFake()
	c := newClient(newPool(t), fake.Client(), smallParts)
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s3http.Receive(w, r, c, put(nil), func(o *s3http.ReceiveOptions) { o.MaxBytes = 5 * testPart }); err == nil {
			w.WriteHeader(http.StatusCreated)
		}
	}))
	front.EnableHTTP2 = true
	front.StartTLS()
	defer front.Close()
	data := pattern(3*testPart + 7)
	send := func(data []byte, digest string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, front.URL, plain(bytes.NewReader(data)))
		require.NoError(t, err)
		if digest != "" {
			req.Trailer = http.Header{"Repr-Digest": {digest}}
		}
		resp, err := front.Client().Do(req)
		require.NoError(t, err)
		require.Equal(t, "HTTP/2.0", resp.Proto)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, 400, send(data, digests(nil)["Repr-Digest"]))
	// No trailer: to net/http's server one behind an early answer is a protocol error.
	require.Equal(t, 413, send(pattern(9*testPart), ""))
	require.Empty(t, fake.Keys("bucket"))
	require.Empty(t, fake.Uploads("bucket"))
	require.Equal(t, 201, send(data, digests(data)["Repr-Digest"]))
}

// TestReceiveOwnBody: a reader of the caller's that finds something wrong at the end.
func TestReceiveOwnBody(t *testing.T) {
	wrong := errors.New("not what was promised")
	for _, size := range receivedSizes {
		for _, declared := range []bool{true, false} {
			rc := newReceiver(t, 0, func(r *http.Request, in *s3.PutObjectInput) {
				in.Body = readerFunc(func(p []byte) (int, error) {
					n, err := r.Body.Read(p)
					if err == io.EOF {
						err = wrong
					}
					return n, err
				})
				if declared {
					in.ContentLength = &r.ContentLength
				}
			})
			require.Equal(t, 400, rc.send(t, bytes.NewReader(pattern(size)), nil, nil))
			require.ErrorIs(t, rc.err, wrong)
			rc.requireNothing(t)
		}
	}
}

// TestReceiveBreaks: a client that goes away in mid-body leaves nothing.
func TestReceiveBreaks(t *testing.T) {
	for _, size := range receivedSizes[2:] {
		for _, head := range []string{fmt.Sprintf("Content-Length: %d", size), "Transfer-Encoding: chunked"} {
			fake, p := newUploadFake(), newPool(t)
			c := newClient(p, fake.Client(impatient), smallParts)
			received := make(chan error, 1)
			front := newPipeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := s3http.Receive(w, r, c, put(nil))
				received <- err
			}))
			conn := front.dial()
			w := bufio.NewWriter(conn)
			fmt.Fprintf(w, "PUT / HTTP/1.1\r\nHost: front.test\r\n%s\r\n\r\n", head)
			if head[0] == 'T' {
				fmt.Fprintf(w, "%x\r\n", size)
			}
			w.Write(pattern(size - 1))
			require.NoError(t, w.Flush())
			require.NoError(t, conn.Close())
			require.Error(t, <-received)
			require.Empty(t, fake.Keys("bucket"))
			require.Empty(t, fake.Uploads("bucket"))
		}
	}
}

func TestReceiveErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  s3test.Fault
		in     func(*s3.PutObjectInput)
		status int
	}{
		"no such bucket": {in: func(in *s3.PutObjectInput) { in.Bucket = aws.String("secret") }, status: 502},
		"denied":         {fault: s3test.Status(403, "AccessDenied"), status: 403},
		"signature":      {fault: s3test.Status(403, "SignatureDoesNotMatch"), status: 502},
		"conflict":       {fault: s3test.Status(409, "ConditionalRequestConflict"), status: 409},
		"too large":      {fault: s3test.Status(400, "EntityTooLarge"), status: 413},
		"bad digest":     {in: func(in *s3.PutObjectInput) { in.ContentMD5 = aws.String("AAAAAAAAAAAAAAAAAAAAAA==") }, status: 400},
		"slow down":      {fault: s3test.SlowDown(0), status: 503},
		"internal error": {fault: s3test.InternalError(), status: 502},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newUploadFake()
			api, _ := withFaults(fake, s3test.Always(tt.fault))
			in := put(nil)
			if tt.in != nil {
				tt.in(in)
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPut, "http://front.test/", bytes.NewReader(pattern(10)))
			_, err := s3http.Receive(w, r, newClient(newPool(t), api, smallParts), in)
			require.Equal(t, tt.status, w.Code, "%v", err)
			require.Equal(t, tt.status == 503, w.Result().Header.Get("Retry-After") != "")
			_, ok := errors.AsType[*transfer.Error](err)
			require.True(t, ok)
		})
	}
	w, c := httptest.NewRecorder(), newClient(newPool(t), newUploadFake().Client())
	r := httptest.NewRequest(http.MethodPut, "http://front.test/", nil)
	_, err := s3http.Receive(w, r, c, nil)
	require.EqualError(t, err, "s3pool: Receive \"/\": nil PutObjectInput")
	require.Equal(t, 500, w.Code)
	require.Equal(t, 500, w.Code)
}
