package s3pool_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// The client of these examples holds one object in memory. Yours comes from
// s3.NewFromConfig.
var client = &oneObject{content: "a picture of a cat"}

func ExampleNewDownloader() {
	downloader := s3pool.NewDownloader(client) // was manager.NewDownloader(client)

	buf := manager.NewWriteAtBuffer(nil)
	n, err := downloader.Download(context.Background(), buf, &s3.GetObjectInput{
		Bucket: aws.String("pictures"),
		Key:    aws.String("cat"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes: %s\n", n, buf.Bytes())
	// Output: 18 bytes: a picture of a cat
}

func ExampleNewUploader() {
	uploader := s3pool.NewUploader(client) // was manager.NewUploader(client)

	_, err := uploader.Upload(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String("pictures"),
		Key:    aws.String("cat"),
		Body:   strings.NewReader("a picture of a cat"),
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleWriteAtBuffer() {
	downloader := s3pool.NewDownloader(client)

	buf := s3pool.NewWriteAtBuffer()
	defer buf.Release() // whether the download succeeds or not
	_, err := downloader.Download(context.Background(), buf, &s3.GetObjectInput{
		Bucket: aws.String("pictures"),
		Key:    aws.String("cat"),
	})
	if err != nil {
		log.Fatal(err)
	}
	// The bytes are the buffer's: use them before Release, or copy them.
	fmt.Printf("%d bytes: %s\n", buf.Len(), buf.Bytes())
	// Output: 18 bytes: a picture of a cat
}

func ExamplePool() {
	// At most 256 MiB on lease at a time, whatever arrives.
	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = 256 << 20 })

	buf, err := pool.Acquire(context.Background(), 1_200_000) // waits while the budget is spent
	if err != nil {
		log.Fatal(err)
	}
	n := copy(buf.Bytes(), "hello")
	fmt.Printf("%s\n", buf.Bytes()[:n])
	fmt.Println(pool.Stats().Leased, "bytes on lease")

	buf.Release()
	fmt.Println(pool.Stats().Leased, "bytes on lease")
	// Output:
	// hello
	// 1310720 bytes on lease
	// 0 bytes on lease
}

func ExamplePool_GetBufioWriter() {
	pool := s3pool.NewPool()
	var out bytes.Buffer

	w := pool.GetBufioWriter(&out, 2048)
	fmt.Fprint(w, "hello")
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	pool.PutBufioWriter(w)

	fmt.Println(out.String())
	// Output: hello
}

// oneObject answers every key with the same content.
type oneObject struct {
	manager.UploadAPIClient
	content string
}

func (c *oneObject) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	n := int64(len(c.content))
	return &s3.GetObjectOutput{
		Body:          io.NopCloser(strings.NewReader(c.content)),
		ContentLength: aws.Int64(n),
		ContentRange:  aws.String(fmt.Sprintf("bytes 0-%d/%d", n-1, n)),
	}, nil
}

func (c *oneObject) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	c.content = string(body)
	return &s3.PutObjectOutput{}, err
}
