package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// upload copies the file src to an object, or what comes from stdin for "-", however
// much that is. A key that is empty or ends in a slash gets the file's name.
func upload(ctx context.Context, api transfer.API, src string, to location, stdin io.Reader, stderr io.Writer) error {
	body := stdin
	if src != "-" {
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
			return fmt.Errorf("%s is no regular file; use - and a redirection", src)
		}
		body = f
	}
	if to.key == "" || strings.HasSuffix(to.key, "/") {
		if src == "-" {
			return errors.New("what comes from stdin has no name; the destination must have one")
		}
		to.key += filepath.Base(src)
	}
	bar := newProgress(stderr, src, isTerminal(stderr))
	out, err := transfer.New(api).Put(ctx, &s3.PutObjectInput{
		Bucket: aws.String(to.bucket),
		Key:    aws.String(to.key),
		Body:   body,
	}, bar.upload)
	bar.clear()
	if err != nil {
		return err
	}
	sealed := "without a checksum"
	if out.ChecksumAlgorithm != "" {
		sealed = fmt.Sprintf("%s %s", out.ChecksumAlgorithm, out.Checksum)
	}
	fmt.Fprintf(stderr, "%s: %d bytes, ETag %s, %s\n", to, out.Written, aws.ToString(out.Output.ETag), sealed)
	return nil
}
