package limit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/server"
)

// Uploads is a load of uploads. Each is to a key of its own.
type Uploads struct {
	Way      string // one of Uploaders
	AtOnce   int    // concurrent uploads
	InTurn   int    // how often, one after another
	Size     int64
	File     string // of that size, to upload; empty for streams of unknown length
	MaxBytes int64  // the Client's budget; 0 for none
}

// Uploaders lists the ways, ours first.
func Uploaders() []string { return []string{"s3pool", "manager", "tm-upload"} }

// Footprint bears the load in a process of its own, against a range server that
// discards what it gets. The program must call [Main] and [server.Main].
func (u Uploads) Footprint(ctx context.Context, tls bool) (Footprint, error) {
	return apart(ctx, memoryJob{Uploads: &u}, server.Options{TLS: tls})
}

type uploader func(ctx context.Context, key string, body io.Reader) error

func (u Uploads) uploader(target *server.Target, pool *s3pool.Pool) (uploader, error) {
	in := func(key string, body io.Reader) *s3.PutObjectInput {
		return &s3.PutObjectInput{Bucket: &target.Bucket, Key: &key, Body: body}
	}
	switch u.Way {
	case "s3pool":
		client := transfer.New(target.Client(), func(o *transfer.Options) { o.Pool = pool })
		return func(ctx context.Context, key string, body io.Reader) error {
			_, err := client.Put(ctx, in(key, body))
			return err
		}, nil
	case "manager":
		client := manager.NewUploader(target.Client())
		return func(ctx context.Context, key string, body io.Reader) error {
			_, err := client.Upload(ctx, in(key, body))
			return err
		}, nil
	case "tm-upload":
		client := transfermanager.New(target.Client())
		return func(ctx context.Context, key string, body io.Reader) error {
			_, err := client.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &target.Bucket, Key: &key, Body: body})
			return err
		}, nil
	}
	return nil, fmt.Errorf("no way to upload is called %q", u.Way)
}

// bear looks at the process first when one byte has been uploaded: what it takes to
// speak to S3 at all is not the load's.
func (u Uploads) bear(ctx context.Context, target *server.Target) (Footprint, error) {
	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = u.MaxBytes })
	upload, err := u.uploader(target, pool)
	if err != nil {
		return Footprint{}, err
	}
	if err := upload(ctx, target.Key("upload-first"), &stream{left: 1}); err != nil {
		return Footprint{}, err
	}
	open := func() (io.ReadCloser, error) { return &stream{left: u.Size}, nil }
	if u.File != "" {
		open = func() (io.ReadCloser, error) { return os.Open(u.File) }
	}
	f := Footprint{Before: peakRSS()}
	err = f.watch(pool, func() error {
		for range u.InTurn {
			start, made := meter.Read(), partBuffers(pool)
			if err := u.turn(ctx, upload, open, target); err != nil {
				return err
			}
			used := meter.Since(start)
			f.Turns = append(f.Turns, Turn{used.CPU, used.Wall, int64(used.Bytes), partBuffers(pool) - made})
		}
		return nil
	})
	return f, err
}

// turn makes the uploads that are made at once.
func (u Uploads) turn(ctx context.Context, upload uploader, open func() (io.ReadCloser, error), target *server.Target) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range u.AtOnce {
		g.Go(func() error {
			body, err := open()
			if err != nil {
				return err
			}
			defer body.Close()
			return upload(ctx, target.Key(fmt.Sprintf("upload-%d", i)), body)
		})
	}
	return g.Wait()
}

// partBuffers is the number of buffers of S3's least part size and more that the pool
// has ever made.
func partBuffers(pool *s3pool.Pool) (n int64) {
	for _, c := range pool.Stats().Classes {
		if c.Size >= 5<<20 {
			n += int64(c.Misses)
		}
	}
	return n
}

// SparseFile makes a file of that size, which the caller removes, and reads it: who reads
// it first pays for the system's making pages of it, and that is none of the ways.
func SparseFile(size int64) (path string, err error) {
	f, err := os.CreateTemp("", "s3pool-limits-")
	if err != nil {
		return "", err
	}
	err = f.Truncate(size)
	if err == nil {
		_, err = io.Copy(io.Discard, f)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// stream is bytes that come as from a connection: once, in pieces, and nobody knows how
// many.
type stream struct{ left int64 }

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.left, 32<<10)]
	clear(p)
	s.left -= int64(len(p))
	return len(p), nil
}

func (s *stream) Close() error { return nil }
