package s3http_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// A handler is four lines: which object, what the response says of it, and where errors
// go. Ranges, conditions, HEAD and the status codes are Serve's.
func ExampleServe() {
	fake := s3test.New()
	fake.Put("pictures", "cat", []byte("a picture of a cat"))
	client := transfer.New(fake.Client())

	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60") // wins over what is stored
		if err := s3http.Serve(w, r, client, &s3.GetObjectInput{
			Bucket: aws.String("pictures"),
			Key:    aws.String(strings.TrimPrefix(r.URL.Path, "/")),
		}); err != nil {
			fmt.Println("log:", strings.SplitN(err.Error(), ": ", 3)[1])
		}
	}))
	defer front.Close()

	show := func(path string, headers ...string) (etag string) {
		req, err := http.NewRequest(http.MethodGet, front.URL+path, nil)
		if err != nil {
			log.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			log.Fatal(err) // broken: never taken for the whole
		}
		fmt.Printf("%d %q\n", resp.StatusCode, body)
		return resp.Header.Get("ETag")
	}
	etag := show("/cat")
	show("/cat", "If-None-Match", etag)
	show("/cat", "Range", "bytes=2-8", "If-Range", etag)
	show("/cat", "Range", "bytes=-3")
	show("/dog")
	http.DefaultClient.CloseIdleConnections()
	// Output:
	// 200 "a picture of a cat"
	// 304 ""
	// 206 "picture"
	// 206 "cat"
	// log: Serve "pictures/dog"
	// 404 "Not Found\n"
}
