package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// download copies an object into the file dst, or one in the directory dst. The
// file is all of it or as it was before.
func download(ctx context.Context, api transfer.API, from location, byteRange, dst string, stderr io.Writer) (err error) {
	if dst, err = destination(dst, from); err != nil {
		return err
	}
	// Beside the destination, so that it can be renamed. os.CreateTemp would make a
	// file that is private whatever the umask says.
	f, err := os.OpenFile(dst+".cp-"+rand.Text(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // first: Windows removes no open file
			os.Remove(f.Name())
		}
	}()
	bar := newProgress(stderr, from.String(), isTerminal(stderr))
	out, err := transfer.New(api).Download(ctx, f, from.input(byteRange), bar.download)
	bar.clear()
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), dst); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %d bytes, %s\n", dst, out.Written, describe(out.Verification))
	return nil
}

// destination returns the file that is to be written.
func destination(dst string, from location) (string, error) {
	info, err := os.Stat(dst)
	switch {
	case err != nil:
		return dst, nil // opening it will tell what is wrong
	case info.IsDir():
		name := path.Base(from.key)
		if from.key == "" || !filepath.IsLocal(name) {
			return "", fmt.Errorf("%s makes no name for a file in %s", from, dst)
		}
		return filepath.Join(dst, name), nil
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no regular file; use - and a redirection", dst)
	}
	// Rename would replace a link to a file with a file.
	return filepath.EvalSymlinks(dst)
}

// stream copies an object to stdout. What has been written when an error comes
// cannot be taken back, which is what the exit code is for.
func stream(ctx context.Context, api transfer.API, from location, byteRange string, stdout, stderr io.Writer) error {
	bar := newProgress(stderr, from.String(), isTerminal(stderr) && !isTerminal(stdout))
	defer bar.clear()
	r, err := transfer.New(api).Open(ctx, from.input(byteRange), bar.download)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := r.WriteTo(stdout)
	bar.clear()
	if err != nil {
		return err
	}
	v, err := r.Verify()
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %d bytes, %s\n", from, n, describe(v))
	return nil
}

func describe(v transfer.Verification) string {
	switch {
	case !v.Verified():
		return "not verified: " + v.Reason
	case v.Type == types.ChecksumTypeComposite:
		return fmt.Sprintf("verified by the %s of the parts", v.Algorithm)
	}
	return fmt.Sprintf("verified by the %s of the object", v.Algorithm)
}
