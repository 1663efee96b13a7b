package rival

import (
	"context"
	"io"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// getContest is about whole objects in recycled memory. Whoever has to be given
// the memory gets it in the object's size, which it could not know.
func getContest() Contest {
	return Contest{Verb: "client", Via: "get", Baseline: SDK, Entries: []Entry{
		{S3pool, newGet()},
		{Unverified, newGet(unverified)},
		{SDK, newSDKFloor},
		{Raw, newRawFloor},
		{Manager, newPresized(Manager)},
		{Manager5MiB, newPresized(Manager5MiB)},
		{TMDownload, newTMDownload},
		{TMGet, newRecycled(openTM)},
		{Minio, newRecycled(openMinio(0))},
		{ReadAll, newReadAll},
	}}
}

// verifiedContest is about the price of verification, with a CRC64NVME, which S3
// has of all objects that were uploaded without a checksum of their own.
func verifiedContest() Contest {
	return Contest{Verb: "client", Via: "verified", Baseline: Unverified, Entries: []Entry{
		{S3pool, newGet()},
		{Unverified, newGet(unverified)},
		{SDK, newSDKFloor},
		{SDKVerified, newRecycled(openVerified)},
	}}
}

func unverified(o *transfer.Options) {
	o.Verify, o.Checksum = transfer.VerifyNever, transfer.ChecksumNever
}

// call is a rival that is one function.
type call func(ctx context.Context, see func([]byte)) error

func (c call) Move(ctx context.Context, see func([]byte)) error { return c(ctx, see) }

func newGet(optFns ...func(*transfer.Options)) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		in, err := object(ctx, scene)
		if err != nil {
			return nil, err
		}
		client := transfer.New(scene.Target.Client(), optFns...)
		return call(func(ctx context.Context, see func([]byte)) error {
			o, err := client.Get(ctx, &in)
			if err != nil {
				return err
			}
			defer o.Release()
			if see != nil {
				see(o.Bytes())
			}
			return wantSize(scene, int64(len(o.Bytes())))
		}), nil
	}
}

func newPresized(name string) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		in, err := object(ctx, scene)
		if err != nil {
			return nil, err
		}
		d, err := newDownloader(name, scene.Target.Client(withoutChecksums))
		if err != nil {
			return nil, err
		}
		var bodies bodies
		return call(func(ctx context.Context, see func([]byte)) error {
			return bodies.lend(scene, func(p []byte) error {
				n, err := d.Download(ctx, manager.NewWriteAtBuffer(p), &in)
				if err != nil {
					return err
				}
				return wantSize(scene, n)
			}, see)
		}), nil
	}
}

func newTMDownload(ctx context.Context, scene *Scene) (Rival, error) {
	in, err := object(ctx, scene)
	if err != nil {
		return nil, err
	}
	client := newTM(scene)
	var bodies bodies
	return call(func(ctx context.Context, see func([]byte)) error {
		return bodies.lend(scene, func(p []byte) error {
			out, err := client.DownloadObject(ctx, &transfermanager.DownloadObjectInput{
				Bucket: in.Bucket, Key: in.Key, WriterAt: manager.NewWriteAtBuffer(p),
			})
			if err != nil {
				return err
			}
			return wantSize(scene, aws.ToInt64(out.ContentLength))
		}, see)
	}), nil
}

func newReadAll(ctx context.Context, scene *Scene) (Rival, error) {
	open, err := openSDK(ctx, scene)
	if err != nil {
		return nil, err
	}
	return call(func(ctx context.Context, see func([]byte)) error {
		body, err := open(ctx)
		if err != nil {
			return err
		}
		defer body.Close()
		b, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if see != nil {
			see(b)
		}
		return wantSize(scene, int64(len(b)))
	}), nil
}

// An opener prepares to open the scene's object as a stream.
type opener func(context.Context, *Scene) (func(context.Context) (io.ReadCloser, error), error)

// newRecycled reads a stream into recycled memory, to its io.EOF: that is where
// checksums are compared.
func newRecycled(o opener) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		open, err := o(ctx, scene)
		if err != nil {
			return nil, err
		}
		var bodies bodies
		return call(func(ctx context.Context, see func([]byte)) error {
			body, err := open(ctx)
			if err != nil {
				return err
			}
			defer body.Close()
			return bodies.lend(scene, func(p []byte) error {
				if _, err := io.ReadFull(body, p); err != nil {
					return err
				}
				n, err := io.Copy(io.Discard, body)
				if err != nil {
					return err
				}
				return wantSize(scene, int64(len(p))+n)
			}, see)
		}), nil
	}
}

// openSDK is a plain GetObject.
func openSDK(ctx context.Context, scene *Scene) (func(context.Context) (io.ReadCloser, error), error) {
	return openObject(ctx, scene, "", withoutChecksums)
}

// openVerified is a plain GetObject that the SDK validates.
func openVerified(ctx context.Context, scene *Scene) (func(context.Context) (io.ReadCloser, error), error) {
	return openObject(ctx, scene, types.ChecksumModeEnabled)
}

func openObject(ctx context.Context, scene *Scene, mode types.ChecksumMode, optFns ...func(*s3.Options)) (func(context.Context) (io.ReadCloser, error), error) {
	in, err := object(ctx, scene)
	if err != nil {
		return nil, err
	}
	in.ChecksumMode = mode
	client := scene.Target.Client(optFns...)
	return func(ctx context.Context) (io.ReadCloser, error) {
		out, err := client.GetObject(ctx, &in)
		if err != nil {
			return nil, err
		}
		return out.Body, nil
	}, nil
}
