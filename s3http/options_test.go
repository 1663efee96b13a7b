package s3http_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// TestServeGuards: what somebody has uploaded does not run in a browser, unless the caller
// says so.
func TestServeGuards(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", []byte("<script>"), func(o *s3test.Object) { o.Header = http.Header{"Content-Type": {"text/html"}} })
	fake.Put("bucket", "picture", []byte("x"), func(o *s3test.Object) { o.Header = http.Header{"Content-Type": {"image/png"}} })
	c := newClient(newPool(t), fake.Client())
	got, err := serve(c, request("GET", ""), get(""), nil)
	require.NoError(t, err)
	require.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
	require.Contains(t, got.Header.Get("Content-Security-Policy"), "sandbox")

	picture := get("")
	picture.Key = aws.String("picture")
	got, err = serve(c, request("GET", ""), picture, nil)
	require.NoError(t, err)
	require.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
	require.NotContains(t, got.Header, "Content-Security-Policy")

	got, err = serve(c, request("GET", ""), get(""), http.Header{"Content-Security-Policy": {"default-src 'self'"}})
	require.NoError(t, err)
	require.Equal(t, []string{"default-src 'self'"}, got.Header["Content-Security-Policy"], "the caller's wins")

	got, err = serve(c, request("GET", ""), get(""), nil, func(o *s3http.ServeOptions) { o.Trusted = true })
	require.NoError(t, err)
	require.NotContains(t, got.Header, "X-Content-Type-Options")
	require.NotContains(t, got.Header, "Content-Security-Policy")
}

// hiding hides a ResponseWriter's deadlines: the way of middleware without Unwrap.
type hiding struct{ http.ResponseWriter }

func (h hiding) Write(p []byte) (int, error) { return h.ResponseWriter.Write(p) }

// TestServeOnError: the error is told even where Serve has to panic.
func TestServeOnError(t *testing.T) {
	fake := s3test.New()
	fake.Put("bucket", "key", pattern(3*testPart))
	api, _ := withFaults(fake, flipAt(2*testPart))
	c := newClient(newPool(t), api)
	told := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s3http.Serve(hiding{w}, r, c, get(""), func(o *s3http.ServeOptions) { o.OnError = func(err error) { told <- err } })
		t.Error("Serve has returned")
	}))
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
	}
	require.Error(t, err, "the client notices")
	require.ErrorIs(t, <-told, transfer.ErrIntegrity)
	srv.Client().CloseIdleConnections()
}

// TestReceiveLimitByDefault: no option means a finite limit.
func TestReceiveLimitByDefault(t *testing.T) {
	fake := newUploadFake()
	c := newClient(newPool(t), fake.Client(), smallParts)
	r := httptest.NewRequest(http.MethodPut, "http://front.test/", strings.NewReader("x"))
	r.ContentLength = 5<<30 + 1
	w := httptest.NewRecorder()
	_, err := s3http.Receive(w, r, c, put(nil))
	require.ErrorContains(t, err, "the limit is 5368709120")
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

func TestStatus(t *testing.T) {
	for err, want := range map[error]int{
		nil:                      200,
		context.Canceled:         s3http.StatusClientGone,
		context.DeadlineExceeded: 504,
		s3pool.ErrBudget:         503,
		s3pool.ErrTooLarge:       413,
		transfer.ErrInvalid:      500,
		transfer.ErrIntegrity:    502,
		errors.New("else"):       502,
		// A deadline that ended the wait for the budget, and one that ended retries.
		fmt.Errorf("%w: %w", s3pool.ErrBudget, context.DeadlineExceeded):                                               503,
		fmt.Errorf("%w, the last: %w", context.DeadlineExceeded, apiError(503, "503 Service Unavailable", "SlowDown")): 504,
		apiError(409, "409 Conflict", "ConditionalRequestConflict"):                                                    409,
		apiError(500, "200 OK", "AccessDenied"):                                                                        403,
		apiError(429, "429 Too Many Requests", "TooManyRequests"):                                                      503,
	} {
		require.Equal(t, want, s3http.Status(err), "%v", err)
		if err != nil {
			require.Equal(t, want, s3http.Status(&transfer.Error{Op: "Get", Err: fmt.Errorf("why: %w", err)}), "%v", err)
		}
	}
	fake := s3test.New()
	fake.CreateBucket("bucket", false)
	_, err := newClient(newPool(t), fake.Client()).Get(t.Context(), get(""))
	require.Equal(t, 404, s3http.Status(err))
}

// apiError is one of the SDK's. An error in a success keeps the words of its status.
func apiError(code int, status, name string) error {
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code, Status: status}},
		Err:      &smithy.GenericAPIError{Code: name},
	}
}

// TestReceiveIdle: clients that send nothing, whatever they announce, keep nobody out.
func TestReceiveIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(64*mib))
		fake := newUploadFake()
		c := transfer.New(fake.Client(), func(o *transfer.Options) { o.Pool = p })
		var wg sync.WaitGroup
		ctx, gone := context.WithCancel(t.Context())
		for range 8 {
			r, w := io.Pipe()
			req := httptest.NewRequestWithContext(ctx, "PUT", "http://front.test/", r)
			req.ContentLength = 16 * mib
			wg.Go(func() {
				_, err := s3http.Receive(httptest.NewRecorder(), req, c, put(nil))
				if err == nil {
					t.Error("a body that nobody sent is stored")
				}
			})
			context.AfterFunc(ctx, func() { w.CloseWithError(io.ErrUnexpectedEOF) })
		}
		synctest.Wait()
		require.Zero(t, p.Stats().Leased)
		in := put(bytes.NewReader(pattern(mib)))
		_, err := c.Put(t.Context(), in)
		require.NoError(t, err)
		gone()
		wg.Wait()
		require.NoError(t, c.Close(t.Context()))
	})
}

// TestReceiveBudgetDeadline: a deadline that ends the wait for the budget is a server that is
// busy, and the client is told when to come again.
func TestReceiveBudgetDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, withBudget(testPart))
		held, err := p.Acquire(t.Context(), testPart)
		require.NoError(t, err)
		defer held.Release()
		fake := newUploadFake()
		c := newClient(p, fake.Client(), smallParts)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		_, err = s3http.Receive(w, httptest.NewRequestWithContext(ctx, "PUT", "http://front.test/", plain(bytes.NewReader(pattern(3*testPart)))), c, put(nil))
		require.ErrorIs(t, err, s3pool.ErrBudget)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
	})
}

// TestReceiveMethods: only what puts an object does.
func TestReceiveMethods(t *testing.T) {
	fake := newUploadFake()
	fake.Put("bucket", "key", []byte("there"))
	c := newClient(newPool(t), fake.Client(), smallParts)
	for _, method := range []string{"GET", "HEAD", "DELETE", "PATCH", "OPTIONS", "TRACE", "put"} {
		w := httptest.NewRecorder()
		_, err := s3http.Receive(w, httptest.NewRequest(method, "http://front.test/", nil), c, put(nil))
		require.Error(t, err, method)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		require.Equal(t, "PUT, POST", w.Header().Get("Allow"))
	}
	require.Empty(t, fake.Requests())
}

// TestEmptyNames: a request without a name is no request of S3.
func TestEmptyNames(t *testing.T) {
	fake := newUploadFake()
	c := newClient(newPool(t), fake.Client(), smallParts)
	for _, names := range [][2]string{{"", "key"}, {"bucket", ""}, {"", ""}} {
		in := get("")
		in.Bucket, in.Key = &names[0], &names[1]
		got, err := serve(c, request("GET", ""), in, nil)
		require.Error(t, err)
		require.Equal(t, 404, got.StatusCode)
		w := httptest.NewRecorder()
		_, err = s3http.Receive(w, httptest.NewRequest("PUT", "http://front.test/", strings.NewReader("x")), c,
			&s3.PutObjectInput{Bucket: in.Bucket, Key: in.Key})
		require.Error(t, err)
		require.Equal(t, 404, w.Code)
	}
	require.Empty(t, fake.Requests())
}
