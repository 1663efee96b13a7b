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

// upload is a rival that is a manager.Uploader.
type upload struct {
	scene    *Scene
	client   *s3.Client
	uploader *manager.Uploader
	open     func() (io.Reader, error)
	key      string
}

func newUpload(name string, from from) func(context.Context, *Scene) (Rival, error) {
	return func(_ context.Context, scene *Scene) (Rival, error) {
		open, err := from(scene)
		if err != nil {
			return nil, err
		}
		client := scene.Target.Client()
		u := &upload{scene: scene, client: client, open: open, key: scene.Target.Key("upload-" + name)}
		switch name {
		case Manager:
			u.uploader = manager.NewUploader(client)
		case S3pool:
			u.uploader = s3pool.NewUploader(client)
		default:
			return nil, fmt.Errorf("no uploader is called %q", name)
		}
		return u, nil
	}
}

func (u *upload) Move(ctx context.Context, see func([]byte)) error {
	body, err := u.open()
	if err != nil {
		return err
	}
	_, err = u.uploader.Upload(ctx, &s3.PutObjectInput{Bucket: &u.scene.Target.Bucket, Key: &u.key, Body: body})
	if c, ok := body.(io.Closer); ok {
		c.Close()
	}
	if err != nil || see == nil {
		return err
	}
	return u.readBack(ctx, see)
}

func (u *upload) readBack(ctx context.Context, see func([]byte)) error {
	out, err := u.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &u.scene.Target.Bucket, Key: &u.key})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		return err
	}
	see(b)
	return nil
}
