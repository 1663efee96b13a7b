package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// A spec is one size to be measured.
type spec struct {
	name   string
	size   int64
	rounds int // samples of each way
	batch  int // transfers in one sample; more for small objects
}

// defaultSpecs take less than a minute together on two cores.
var defaultSpecs = []spec{
	{"100 KB", 100_000, 9, 20},
	{"1.2 MB", 1_200_000, 9, 5},
	{"10 MB", 10_000_000, 5, 4},
	{"64 MB", 64_000_000, 3, 3},
}

// An object is in S3 under key and in a file of this machine.
type object struct {
	spec
	key  string
	path string
	sum  digest
}

type digest [sha256.Size]byte

// store is the place in S3 where objects are, and the directory for files.
type store struct {
	client *s3.Client
	bucket string
	prefix string
	dir    string
}

// prepare makes the objects and uploads them.
func (st *store) prepare(ctx context.Context, specs []spec) ([]object, error) {
	uploader := s3pool.NewUploader(st.client)
	var objects []object
	for i, sp := range specs {
		o := object{
			spec: sp,
			key:  fmt.Sprintf("%squickstart/%d", st.prefix, sp.size),
			path: filepath.Join(st.dir, fmt.Sprintf("source-%d", i)),
		}
		var err error
		if o.sum, err = writeRandom(o.path, sp.size, byte(i)); err != nil {
			return nil, err
		}
		if err := st.put(ctx, uploader, o, o.key); err != nil {
			return nil, fmt.Errorf("upload %s: %w", sp.name, err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// writeRandom writes size bytes that do not compress, the same for every seed.
func writeRandom(path string, size int64, seed byte) (sum digest, err error) {
	f, err := os.Create(path)
	if err != nil {
		return digest{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(f, h), rand.NewChaCha8([32]byte{seed}), size); err != nil {
		return digest{}, err
	}
	return digest(h.Sum(nil)), f.Close()
}

// check compares what r yields with o.
func (o object) check(r io.Reader) error {
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return err
	}
	if got := digest(h.Sum(nil)); got != o.sum {
		return fmt.Errorf("%s: wrong bytes: SHA-256 of the %d bytes is %x, want %x of %d bytes", o.key, n, got, o.sum, o.size)
	}
	return nil
}

// checkStored compares what S3 has under key with o.
func (st *store) checkStored(ctx context.Context, o object, key string) error {
	out, err := st.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(st.bucket), Key: aws.String(key)})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	return o.check(out.Body)
}
