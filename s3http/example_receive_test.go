package s3http_test

import (
	"fmt"
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

// The other direction of Serve. What the client says of the body, by digests and
// conditions, is checked before anything becomes visible.
func ExampleReceive() {
	fake := s3test.New()
	fake.CreateBucket("pictures", false)
	client := transfer.New(fake.Client())

	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := s3http.Receive(w, r, client, &s3.PutObjectInput{
			Bucket: aws.String("pictures"),
			Key:    aws.String(strings.TrimPrefix(r.URL.Path, "/")),
		}, func(o *s3http.ReceiveOptions) { o.MaxBytes = 1 << 30 })
		if err != nil {
			fmt.Println("log:", err)
			return // it has been answered
		}
		w.Header().Set("ETag", *out.Output.ETag)
		w.WriteHeader(http.StatusCreated)
	}))
	defer front.Close()

	for _, digest := range []string{
		"sha-256=:8KV7Hennb9p/3VTdautq4KqNboB61v2uXplo2oT/Lgc=:",
		"sha-256=:Ynvm/HcHK9zBDEgZV23E3pFQQPhnLKcr4vOJfzCq3Ts=:",
	} {
		req, err := http.NewRequest(http.MethodPut, front.URL+"/cat", strings.NewReader("a picture of a cat"))
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("Content-Type", "image/png")
		req.Header.Set("Repr-Digest", digest)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	http.DefaultClient.CloseIdleConnections()
	// Output:
	// 201 Created
	// log: s3pool: Receive "pictures/cat": the request's body: the bytes received do not match the object's checksum: Repr-Digest sha-256
	// 400 Bad Request
}
