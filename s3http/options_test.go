package s3http_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool"
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
