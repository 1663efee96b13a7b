package direct_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A recorder is an HTTP client that keeps what it is asked, and answers from a list; with the
// last answer for ever.
type recorder struct {
	mu      sync.Mutex
	asked   []*http.Request
	answers []answer
	before  func() // if not nil, is called with each request
}

// An answer is what S3 says, or how it cannot be reached.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.before != nil {
		r.before()
	} else if err := req.Context().Err(); err != nil {
		return nil, err
	}
	a := answer{status: http.StatusOK}
	if n := len(r.answers); n > 0 {
		a = r.answers[min(len(r.asked), n-1)]
	}
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(strings.NewReader(string(b)))
	}
	r.asked = append(r.asked, req)
	if a.err != nil {
		return nil, a.err
	}
	h := a.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req,
	}, nil
}

// last returns the only request since the last time.
func (r *recorder) take() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

// static are credentials that never change.
func static(token string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG", SessionToken: token}, nil
	})
}

// plainly is how package transfer calls: the SDK does not verify.
func plainly(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
}

// unnamed is a Retryer whose type the user agent does not tell.
type unnamed struct{ aws.RetryerV2 }
