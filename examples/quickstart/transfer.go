package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// A transfer moves an object once. check, which is not measured, compares the
// bytes that have arrived and gives back what they occupy; it must be called
// when there is no error.
type transfer func(ctx context.Context, o object) (check func() error, err error)

// A way is one row of a table for each object.
type way struct {
	name string

	// begin returns the way's transfer as a program that knows no other would
	// have it: nothing is left from earlier samples, of this way or another.
	begin func() transfer
}

// A group is one table. The first way is what the others are compared with.
type group struct {
	title string
	ways  []way
}

// groups names what is compared. Ours takes a pool of its own for each sample, so that no
// sample finds the memory of another.
func (st *store) groups() []group {
	return []group{
		{"Download into memory", []way{
			{"manager", func() transfer {
				return st.intoStockBuffer(manager.NewDownloader(st.client))
			}},
			{"s3pool", func() transfer {
				return st.intoStockBuffer(s3pool.NewPool().NewDownloader(st.client))
			}},
			{"s3pool, pooled", func() transfer {
				pool := s3pool.NewPool()
				return st.intoPooledBuffer(pool.NewDownloader(st.client), pool)
			}},
		}},
		{"Download into a file", []way{
			{"manager", func() transfer {
				return st.intoFile(manager.NewDownloader(st.client))
			}},
			{"s3pool", func() transfer {
				return st.intoFile(s3pool.NewPool().NewDownloader(st.client))
			}},
		}},
		{"Upload of a file", []way{
			{"manager", func() transfer {
				return st.upload(manager.NewUploader(st.client))
			}},
			{"s3pool", func() transfer {
				return st.upload(s3pool.NewPool().NewUploader(st.client))
			}},
		}},
	}
}

func (st *store) input(o object) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: aws.String(st.bucket), Key: aws.String(o.key)}
}

// intoStockBuffer is what most programs do today.
func (st *store) intoStockBuffer(d *manager.Downloader) transfer {
	return func(ctx context.Context, o object) (func() error, error) {
		buf := manager.NewWriteAtBuffer(nil)
		if _, err := d.Download(ctx, buf, st.input(o)); err != nil {
			return nil, err
		}
		return func() error { return o.check(bytes.NewReader(buf.Bytes())) }, nil
	}
}

func (st *store) intoPooledBuffer(d *manager.Downloader, pool *s3pool.Pool) transfer {
	return func(ctx context.Context, o object) (func() error, error) {
		buf := pool.NewWriteAtBuffer()
		if _, err := d.Download(ctx, buf, st.input(o)); err != nil {
			buf.Release()
			return nil, err
		}
		return func() error {
			defer buf.Release()
			return o.check(bytes.NewReader(buf.Bytes()))
		}, nil
	}
}

func (st *store) intoFile(d *manager.Downloader) transfer {
	path := filepath.Join(st.dir, "download")
	return func(ctx context.Context, o object) (func() error, error) {
		if err := st.download(ctx, d, path, o); err != nil {
			return nil, err
		}
		return func() error {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer os.Remove(path)
			defer f.Close()
			return o.check(f)
		}, nil
	}
}

func (st *store) download(ctx context.Context, d *manager.Downloader, path string, o object) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := d.Download(ctx, f, st.input(o)); err != nil {
		return err
	}
	return f.Close()
}

func (st *store) upload(u *manager.Uploader) transfer {
	return func(ctx context.Context, o object) (func() error, error) {
		key := o.key + "-again"
		if err := st.put(ctx, u, o, key); err != nil {
			return nil, err
		}
		return func() error { return st.checkStored(ctx, o, key) }, nil
	}
}

// put uploads o's file as key.
func (st *store) put(ctx context.Context, u *manager.Uploader, o object, key string) error {
	f, err := os.Open(o.path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = u.Upload(ctx, &s3.PutObjectInput{
		Bucket: aws.String(st.bucket),
		Key:    aws.String(key),
		Body:   f,
	})
	return err
}
