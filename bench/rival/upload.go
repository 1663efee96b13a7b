package rival

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// from prepares a source; open then returns it from its beginning. The reader is
// closed if it is an io.Closer.
type from func(*Scene) (open func() (io.Reader, error), err error)

func fromBytes(scene *Scene) (func() (io.Reader, error), error) {
	b := scene.content()
	return func() (io.Reader, error) { return bytes.NewReader(b), nil }, nil
}

func fromFile(scene *Scene) (func() (io.Reader, error), error) {
	path := filepath.Join(scene.Dir, "upload-"+scene.Size.String())
	if err := os.WriteFile(path, scene.content(), 0o600); err != nil {
		return nil, err
	}
	return func() (io.Reader, error) { return os.Open(path) }, nil
}

// stream hides that a file can seek and what else it can.
type stream struct{ io.ReadCloser }

func fromStream(scene *Scene) (func() (io.Reader, error), error) {
	open, err := fromFile(scene)
	if err != nil {
		return nil, err
	}
	return func() (io.Reader, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		return stream{f.(*os.File)}, nil
	}, nil
}

// connection is bytes that come as from a connection: in order, once, at most 32 KiB
// with a Read, and nobody knows how many.
type connection struct{ bytes []byte }

func (c *connection) Read(p []byte) (int, error) {
	if len(c.bytes) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), usualStep)], c.bytes)
	c.bytes = c.bytes[n:]
	return n, nil
}

func fromConnection(scene *Scene) (func() (io.Reader, error), error) {
	b := scene.content()
	return func() (io.Reader, error) { return &connection{b}, nil }, nil
}

// send uploads one body.
type send func(ctx context.Context, key string, body io.Reader) error

// sender prepares a way to upload.
type sender func(context.Context, *Scene) (send, error)

// viaUploader is a manager.Uploader.
func viaUploader(name string) sender {
	return func(_ context.Context, scene *Scene) (send, error) {
		client := scene.Target.Client()
		var uploader *manager.Uploader
		switch name {
		case Manager:
			uploader = manager.NewUploader(client)
		case S3pool:
			uploader = s3pool.NewUploader(client)
		default:
			return nil, fmt.Errorf("no uploader is called %q", name)
		}
		return func(ctx context.Context, key string, body io.Reader) error {
			_, err := uploader.Upload(ctx, &s3.PutObjectInput{Bucket: &scene.Target.Bucket, Key: &key, Body: body})
			return err
		}, nil
	}
}

// upload is a rival that uploads one body, always to the same key.
type upload struct {
	scene  *Scene
	client *s3.Client // for reading back
	open   func() (io.Reader, error)
	send   send
	key    string
}

func newUpload(name string, from from, via sender) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		open, err := from(scene)
		if err != nil {
			return nil, err
		}
		send, err := via(ctx, scene)
		if err != nil {
			return nil, err
		}
		return &upload{
			scene: scene, client: scene.Target.Client(), open: open, send: send,
			key: scene.Target.Key("upload-" + name),
		}, nil
	}
}

func (u *upload) Move(ctx context.Context, see func([]byte)) error {
	body, err := u.open()
	if err != nil {
		return err
	}
	err = u.send(ctx, u.key, body)
	if c, ok := body.(io.Closer); ok {
		c.Close()
	}
	if err != nil || see == nil {
		return err
	}
	b, err := readBack(ctx, u.scene, u.client, u.key)
	if err != nil {
		return err
	}
	see(b)
	return nil
}

func readBack(ctx context.Context, scene *Scene, client *s3.Client, key string) ([]byte, error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &scene.Target.Bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}
