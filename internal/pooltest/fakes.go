package pooltest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// FakeS3 is a manager.DownloadAPIClient on one object: what a unit test of a
// user's service would write.
type FakeS3 struct {
	Object   []byte
	NoLength bool                                 // answer without Content-Length and Content-Range
	Body     func(n int64, r io.Reader) io.Reader // changes the body of request n (from 0)

	Requests atomic.Int64
}

func (f *FakeS3) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	n := f.Requests.Add(1) - 1
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	from, to := int64(0), int64(len(f.Object))
	if in.Range != nil {
		if _, err := fmt.Sscanf(*in.Range, "bytes=%d-%d", &from, &to); err != nil {
			return nil, err
		}
		to = min(to+1, int64(len(f.Object)))
	}
	if in.Range != nil && from >= int64(len(f.Object)) {
		return nil, fmt.Errorf("fake: %w", InvalidRange)
	}
	out := &s3.GetObjectOutput{ETag: aws.String(`"fake"`)}
	if !f.NoLength {
		out.ContentLength = aws.Int64(to - from)
		out.ContentRange = aws.String(fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(f.Object)))
	}
	var body io.Reader = bytes.NewReader(f.Object[from:to])
	if f.Body != nil {
		body = f.Body(n, body)
	}
	out.Body = io.NopCloser(struct{ io.Reader }{body})
	return out, nil
}

// InvalidRange is S3's answer to a range behind the end.
var InvalidRange = &statusError{GenericAPIError: smithy.GenericAPIError{Code: "InvalidRange"}, status: 416}

type statusError struct {
	smithy.GenericAPIError
	status int
}

func (e *statusError) HTTPStatusCode() int { return e.status }

// HTTPS3 serves one object over HTTP to the real SDK client.
func HTTPS3(t testing.TB, object []byte, optFns ...func(*http.Transport)) *s3.Client {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"fake"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(object))
	}))
	return ClientOf(t, srv, optFns...)
}

// Connections limits a client to n connections.
func Connections(n int) func(*http.Transport) {
	return func(tr *http.Transport) { tr.MaxConnsPerHost = n }
}

// ClientOf returns an SDK client of srv, and closes both when the test ends.
func ClientOf(t testing.TB, srv *httptest.Server, optFns ...func(*http.Transport)) *s3.Client {
	h := awshttp.NewBuildableClient().WithTransportOptions(append(optFns[:len(optFns):len(optFns)], func(tr *http.Transport) {
		t.Cleanup(tr.CloseIdleConnections)
	})...)
	t.Cleanup(srv.Close)
	return s3.New(s3.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(srv.URL),
		UsePathStyle: true,
		HTTPClient:   h,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}
