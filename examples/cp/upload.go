package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// upload copies the file src to an object. A key that is empty or ends in a slash
// gets the file's name.
func upload(ctx context.Context, client *s3.Client, src string, to location, stderr io.Writer) error {
	f, err := os.Open(src)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", src)
	}
	if to.key == "" || strings.HasSuffix(to.key, "/") {
		to.key += filepath.Base(src)
	}
	bar := newProgress(stderr, src, isTerminal(stderr))
	api := &countingClient{UploadAPIClient: client, bar: bar, total: info.Size()}
	out, err := s3pool.NewUploader(api).Upload(ctx, &s3.PutObjectInput{
		Bucket: aws.String(to.bucket),
		Key:    aws.String(to.key),
		Body:   f,
	})
	bar.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %d bytes, ETag %s\n", to, info.Size(), aws.ToString(out.ETag))
	return nil
}

// A countingClient reports the parts that S3 has. (Reads of the file would tell
// less: the SDK reads a part once to sign it and once to send it.)
type countingClient struct {
	manager.UploadAPIClient
	bar   *progress
	total int64

	mu   sync.Mutex
	done int64
}

// UploadPart implements manager.UploadAPIClient.
func (c *countingClient) UploadPart(ctx context.Context, in *s3.UploadPartInput, optFns ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	size := length(in.Body)
	out, err := c.UploadAPIClient.UploadPart(ctx, in, optFns...)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.done += size
		c.bar.set(c.done, c.total)
	}
	return out, err
}

// length returns the number of bytes of a part, which is a section of the file.
func length(body io.Reader) int64 {
	s, ok := body.(io.Seeker)
	if !ok {
		return 0
	}
	n, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0
	}
	if _, err := s.Seek(0, io.SeekStart); err != nil {
		return 0
	}
	return n
}
