package direct_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/direct"
)

// BenchmarkGetObject holds the direct path against the SDK and bare net/http: what a GET costs
// whose body goes into a recycled slice. The server is in the same process and cheap.
func BenchmarkGetObject(b *testing.B) {
	for _, size := range []int{1_000, 100_000} {
		body := make([]byte, size)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Length", strconv.Itoa(size))
			h.Set("ETag", `"0123456789abcdef"`)
			h.Set("Last-Modified", "Fri, 27 Nov 2026 00:00:00 GMT")
			h.Set("Content-Type", "image/jpeg")
			h.Set("X-Amz-Request-Id", "4442587FB7D0A2F9")
			h.Set("X-Amz-Id-2", "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo=")
			w.Write(body)
		}))
		defer srv.Close()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10}}
		sdk := s3.New(s3.Options{
			Region: "eu-central-1", Credentials: aws.NewCredentialsCache(static("")), HTTPClient: client,
			BaseEndpoint: &srv.URL, UsePathStyle: true,
		})
		ours := direct.New(sdk, direct.Known{})
		buf := make([]byte, size)
		read := func(r io.ReadCloser, err error) {
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(r, buf); err != nil {
				b.Fatal(err)
			}
			if n, err := r.Read(buf); n != 0 || err != io.EOF {
				b.Fatal(n, err)
			}
			r.Close()
		}
		in := &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("photos/2026/11/27.jpg")}
		for _, way := range []struct {
			name string
			get  func()
		}{
			{"net/http", func() {
				req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, srv.URL+"/bucket/photos/2026/11/27.jpg", nil)
				resp, err := client.Do(req)
				read(resp.Body, err)
			}},
			{"direct", func() {
				out, err := ours.GetObject(context.Background(), in, plainly)
				read(out.Body, err)
			}},
			{"sdk", func() {
				out, err := sdk.GetObject(context.Background(), in, plainly)
				read(out.Body, err)
			}},
		} {
			b.Run("size="+strconv.Itoa(size)+"/way="+way.name, func(b *testing.B) {
				b.ReportAllocs()
				way.get()
				for b.Loop() {
					way.get()
				}
			})
		}
	}
}

// instant is an HTTP client that costs next to nothing.
type instant struct{ header http.Header }

func (c *instant) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{Status: "200 OK", StatusCode: http.StatusOK, Header: c.header, Body: http.NoBody, Request: req}, nil
}

// BenchmarkOverhead is what the direct path costs beside the HTTP client, and the SDK.
func BenchmarkOverhead(b *testing.B) {
	client := &instant{http.Header{
		"Content-Length": {"0"}, "Etag": {`"0123456789abcdef"`}, "Last-Modified": {"Fri, 27 Nov 2026 00:00:00 GMT"},
		"Content-Type": {"image/jpeg"}, "X-Amz-Request-Id": {"4442587FB7D0A2F9"}, "Date": {"Fri, 27 Nov 2026 00:00:00 GMT"},
		"X-Amz-Id-2": {"vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo="}, "Accept-Ranges": {"bytes"},
	}}
	sdk := s3.New(s3.Options{Region: "eu-central-1", Credentials: aws.NewCredentialsCache(static("")), HTTPClient: client})
	ours := direct.New(sdk, direct.Known{Sets: []func(*s3.Options){plainly}})
	in := getOf("photos/2026/11/27.jpg")
	for _, way := range []struct {
		name string
		api  calls
	}{{"direct", ours}, {"sdk", sdk}} {
		b.Run("way="+way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := way.api.GetObject(context.Background(), in, plainly); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
