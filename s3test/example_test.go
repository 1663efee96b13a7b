package s3test_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/s3test"
)

func Example() {
	fake := s3test.New()
	fake.Put("bucket", "greeting", []byte("hello, world"))

	out, err := fake.Client().GetObject(context.Background(), &s3.GetObjectInput{
		Bucket: aws.String("bucket"),
		Key:    aws.String("greeting"),
		Range:  aws.String("bytes=-5"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s (%s)\n", data, *out.ContentRange)

	for _, r := range fake.Requests() {
		fmt.Println(r.Operation, r.Key, r.Range, r.Status)
	}
	// Output:
	// world (bytes 7-11/12)
	// GetObject greeting bytes=-5 206
}

func ExampleNewServer() {
	srv := s3test.NewServer(func(o *s3test.ServerOptions) {
		o.TLS = true
		o.MinPartSize = 1
	})
	defer srv.Close()
	srv.CreateBucket("bucket", false)

	_, err := srv.Client().PutObject(context.Background(), &s3.PutObjectInput{
		Bucket:      aws.String("bucket"),
		Key:         aws.String("key"),
		ContentType: aws.String("text/plain"),
	})
	if err != nil {
		log.Fatal(err)
	}
	o, _ := srv.Object("bucket", "key")
	fmt.Println(o.Key, len(o.Data), o.Header.Get("Content-Type"), o.ChecksumAlgorithm)
	// Output: key 0 text/plain CRC32
}

// A transfer that breaks, and what it costs to finish it.
func ExampleNewProxy() {
	fake := s3test.New()
	fake.Put("bucket", "key", make([]byte, 1000))
	proxy := s3test.NewProxy("http://"+s3test.Domain,
		s3test.Rules(s3test.Rule{Operation: "GetObject", Times: 1, Fault: s3test.Cut(600)}),
		func(o *s3test.ProxyOptions) { o.Transport = fake.HTTPClient().Transport })
	defer proxy.Close()

	for range 2 {
		out, err := proxy.Client().GetObject(context.Background(), &s3.GetObjectInput{
			Bucket: aws.String("bucket"),
			Key:    aws.String("key"),
		})
		if err != nil {
			log.Fatal(err)
		}
		n, err := io.Copy(io.Discard, out.Body)
		out.Body.Close()
		fmt.Println(n, err)
	}
	fmt.Println(proxy.Stats().BytesSent, "bytes sent")
	// Output:
	// 600 unexpected EOF
	// 1000 <nil>
	// 1600 bytes sent
}

// The same without a socket, for a bubble of testing/synctest for example.
func ExampleNewFaults() {
	fake := s3test.New()
	fake.Put("bucket", "key", make([]byte, 1000))
	faults := s3test.NewFaults(fake.HTTPClient().Transport, func(r *http.Request, n int) s3test.Fault {
		if n == 1 {
			return s3test.SlowDown(0)
		}
		return s3test.Fault{}
	})
	client := s3test.NewClient("https://"+s3test.Domain, faults.HTTPClient())

	_, err := client.HeadObject(context.Background(), &s3.HeadObjectInput{
		Bucket: aws.String("bucket"),
		Key:    aws.String("key"),
	})
	fmt.Println(err, faults.Stats().Requests)
	// Output: <nil> 2
}

// A program is tried against everything that stores have been seen to do. This one
// trusts what it is told, and takes wrong bytes for right.
func ExampleQuirks() {
	silent := regexp.MustCompile("hang|stall|nil") // for ever: these need a client with deadlines
	for _, rule := range s3test.Quirks() {
		if rule.Operation != "GetObject" || silent.MatchString(rule.Fault.Name) {
			continue
		}
		fake := s3test.New()
		fake.Put("bucket", "key", []byte("hello, world"))
		faults := s3test.NewFaults(fake.HTTPClient().Transport, s3test.Rules(rule))
		client := s3test.NewClient("https://"+s3test.Domain, faults.HTTPClient(), func(o *s3.Options) {
			o.RetryMaxAttempts = 1
		})
		out, err := client.GetObject(context.Background(), &s3.GetObjectInput{
			Bucket: aws.String("bucket"),
			Key:    aws.String("key"),
			Range:  aws.String("bytes=7-"),
		})
		if err == nil {
			var data []byte
			data, err = io.ReadAll(out.Body)
			out.Body.Close()
			if err == nil && string(data) != "world" {
				fmt.Printf("%s: %q\n", rule, data)
			}
		}
	}
	// Output:
	// GetObject: no ranges: "hello, world"
	// GetObject: range shifted by 1: "orld"
	// GetObject: answer to bytes=0-0: "h"
	// GetObject: Content-Length: 0: ""
	// GetObject: Content-Length: 1: "w"
	// GetObject: end after 1 bytes: "w"
	// GetObject: 1 bytes too many: "world\x00"
	// GetObject: flip in byte 0: "vorld"
}

// A store without entity tags whose connections break now and then.
func ExampleTogether() {
	fake := s3test.New()
	fake.Put("bucket", "key", make([]byte, 1000))
	script := s3test.Together(
		s3test.Always(s3test.NoETag()),
		s3test.Rules(s3test.Rule{Operation: "GetObject", Times: 1, Fault: s3test.Cut(600)}),
	)
	client := s3test.NewClient("https://"+s3test.Domain, s3test.NewFaults(fake.HTTPClient().Transport, script).HTTPClient())
	for range 2 {
		out, err := client.GetObject(context.Background(), &s3.GetObjectInput{
			Bucket: aws.String("bucket"),
			Key:    aws.String("key"),
		})
		if err != nil {
			log.Fatal(err)
		}
		n, err := io.Copy(io.Discard, out.Body)
		out.Body.Close()
		fmt.Println(n, err, out.ETag == nil)
	}
	// Output:
	// 600 unexpected EOF true
	// 1000 <nil> true
}
