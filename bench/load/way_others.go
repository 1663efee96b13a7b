package load

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/minio/minio-go/v7"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
)

// newTM downloads by ranges, as the manager does. By parts, its default, an object that was
// uploaded in one part is one request.
func newTM(memory func(Object) []byte) func(*server.Target, int64) (Fetch, error) {
	return func(t *server.Target, _ int64) (Fetch, error) {
		c := transfermanager.New(t.Client(bare), func(o *transfermanager.Options) { o.GetObjectType = tmtypes.GetObjectRanges })
		return func(ctx context.Context, o Object) ([]byte, func(), error) {
			buf := manager.NewWriteAtBuffer(memory(o))
			out, err := c.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: &o.Bucket, Key: &o.Key, WriterAt: buf})
			if err != nil {
				return nil, nil, err
			}
			return buf.Bytes(), nothing, whole(o, aws.ToInt64(out.ContentLength))
		}, nil
	}
}

func newMinio(t *server.Target, _ int64) (Fetch, error) {
	wire, err := t.Wire(context.Background())
	if err != nil {
		return nil, err
	}
	c, err := rival.NewMinio(wire)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, o Object) ([]byte, func(), error) {
		body, err := c.GetObject(ctx, o.Bucket, o.Key, minio.GetObjectOptions{})
		if err != nil {
			return nil, nil, err
		}
		defer body.Close()
		data := make([]byte, o.Size)
		if _, err := io.ReadFull(body, data); err != nil {
			return nil, nil, err
		}
		return data, nothing, nil
	}, nil
}
