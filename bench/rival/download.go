package rival

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// into makes a destination, has load fill it, shows it to see and disposes of it.
type into func(scene *Scene, load func(io.WriterAt) error, see func([]byte)) error

func intoMemory(_ *Scene, load func(io.WriterAt) error, see func([]byte)) error {
	buf := manager.NewWriteAtBuffer(nil)
	if err := load(buf); err != nil {
		return err
	}
	if see != nil {
		see(buf.Bytes())
	}
	return nil
}

func intoPooled(_ *Scene, load func(io.WriterAt) error, see func([]byte)) error {
	buf := s3pool.NewWriteAtBuffer()
	defer buf.Release()
	if err := load(buf); err != nil {
		return err
	}
	if see != nil {
		see(buf.Bytes())
	}
	return nil
}

// intoFile makes a new file and removes it. Truncating the same file again and
// again was rejected: some file systems (ext4) then write it to disk at once, and
// the benchmark measures the disk.
func intoFile(scene *Scene, load func(io.WriterAt) error, see func([]byte)) error {
	path := filepath.Join(scene.Dir, "download")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	defer f.Close()
	if err := load(f); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if see == nil {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	see(b)
	return nil
}

// download is a rival that is a manager.Downloader.
type download struct {
	scene      *Scene
	downloader *manager.Downloader
	in         s3.GetObjectInput
	into       into
}

func newDownload(name string, into into) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		in, err := object(ctx, scene)
		if err != nil {
			return nil, err
		}
		d, err := newDownloader(name, scene.Target.Client(withoutChecksums))
		if err != nil {
			return nil, err
		}
		return &download{scene: scene, downloader: d, in: in, into: into}, nil
	}
}

func newDownloader(name string, client *s3.Client) (*manager.Downloader, error) {
	switch name {
	case Manager:
		return manager.NewDownloader(client), nil
	case Manager5MiB:
		return manager.NewDownloader(client, func(d *manager.Downloader) {
			d.BufferProvider = manager.NewPooledBufferedWriterReadFromProvider(5 << 20)
		}), nil
	case S3pool:
		return s3pool.NewDownloader(client), nil
	default:
		return nil, fmt.Errorf("no downloader is called %q", name)
	}
}

func (d *download) Move(ctx context.Context, see func([]byte)) error {
	return d.into(d.scene, func(w io.WriterAt) error {
		n, err := d.downloader.Download(ctx, w, &d.in)
		if err != nil {
			return err
		}
		return wantSize(d.scene, n)
	}, see)
}

// object returns the request for the scene's object.
func object(ctx context.Context, scene *Scene) (s3.GetObjectInput, error) {
	key, err := scene.Target.Object(ctx, int(scene.Size))
	if err != nil {
		return s3.GetObjectInput{}, err
	}
	return s3.GetObjectInput{Bucket: &scene.Target.Bucket, Key: &key}, nil
}

// wantSize keeps a benchmark from being fast by moving too little.
func wantSize(scene *Scene, n int64) error {
	if n != int64(scene.Size) {
		return fmt.Errorf("moved %d bytes of an object of %d", n, scene.Size)
	}
	return nil
}
