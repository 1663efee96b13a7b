package rival

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// putContest is about bodies that can be read again. All send the checksum that they
// send unless told, but for [Unverified].
func putContest(via string, from from) Contest {
	return puts(via, from, []way{
		{S3pool, viaPut()}, {Unverified, viaPut(unverified)},
		{Manager, viaUploader(Manager)}, {TMUpload, viaTM}, {SDK, viaSDK},
	})
}

// putStreamContest is about streams that nobody knows the length of. Only the bare SDK
// is told it, and [ManagerBytes] has another body: it is what a stream is compared with.
func putStreamContest() Contest {
	c := puts("putstream", fromConnection, []way{
		{S3pool, viaPut()}, {Unverified, viaPut(unverified)},
		{Manager, viaUploader(Manager)}, {TMUpload, viaTM}, {Minio, viaMinio}, {SDK, viaSDK},
	})
	c.Entries = append(c.Entries, Entry{ManagerBytes, newUpload(ManagerBytes, fromBytes, viaUploader(Manager))})
	return c
}

// putManyContest is about two hundred small streams as one operation.
func putManyContest() Contest {
	c := Contest{Verb: "client", Via: "putmany", Baseline: Manager, Sizes: []Size{200 * smallStream}}
	for _, w := range []way{
		{S3pool, viaPut()}, {Unverified, viaPut(unverified)},
		{Manager, viaUploader(Manager)}, {TMUpload, viaTM}, {SDK, viaSDK},
	} {
		c.Entries = append(c.Entries, Entry{w.name, newMany(w.name, w.via)})
	}
	return c
}

type way struct {
	name string
	via  sender
}

func puts(via string, from from, ways []way) Contest {
	c := Contest{Verb: "client", Via: via, Baseline: Manager}
	for _, w := range ways {
		c.Entries = append(c.Entries, Entry{w.name, newUpload(w.name, from, w.via)})
	}
	return c
}

func viaPut(optFns ...func(*transfer.Options)) sender {
	return func(_ context.Context, scene *Scene) (send, error) {
		client := transfer.New(scene.Target.Client(), optFns...)
		return func(ctx context.Context, key string, body io.Reader) error {
			_, err := client.Put(ctx, &s3.PutObjectInput{Bucket: &scene.Target.Bucket, Key: &key, Body: body})
			return err
		}, nil
	}
}

func viaTM(_ context.Context, scene *Scene) (send, error) {
	client := transfermanager.New(scene.Target.Client())
	return func(ctx context.Context, key string, body io.Reader) error {
		_, err := client.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &scene.Target.Bucket, Key: &key, Body: body})
		return err
	}, nil
}

// minioPart is the least that minio-go accepts. It makes a buffer of it for each
// stream; unless told it makes one of 500 MB.
const minioPart = 5 << 20

func viaMinio(ctx context.Context, scene *Scene) (send, error) {
	wire, err := scene.Target.Wire(ctx)
	if err != nil {
		return nil, err
	}
	client, err := NewMinio(wire)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, key string, body io.Reader) error {
		_, err := client.PutObject(ctx, scene.Target.Bucket, key, body, -1, minio.PutObjectOptions{PartSize: minioPart})
		return err
	}, nil
}

// viaSDK is PutObject. A stream is first read into a recycled slice of its length, which
// the caller could not know.
func viaSDK(_ context.Context, scene *Scene) (send, error) {
	client := scene.Target.Client()
	put := func(ctx context.Context, key string, body io.Reader) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &scene.Target.Bucket, Key: &key, Body: body})
		return err
	}
	var bodies bodies
	return func(ctx context.Context, key string, body io.Reader) error {
		c, ok := body.(*connection)
		if !ok {
			return put(ctx, key, body)
		}
		size := len(c.bytes)
		return bodies.lend(scene, func(p []byte) error {
			if _, err := io.ReadFull(c, p[:size]); err != nil {
				return err
			}
			return put(ctx, key, bytes.NewReader(p[:size]))
		}, nil)
	}, nil
}

const (
	smallStream = 10 << 10
	// manyAtOnce is below the number of idle connections that the SDK's HTTP client
	// keeps, so that nobody is measured connecting.
	manyAtOnce = 8
)

// many is a rival that uploads its object as small streams, some at a time.
type many struct {
	scene  *Scene
	client *s3.Client // for reading back
	send   send
	keys   []string
	pieces [][]byte
}

func newMany(name string, via sender) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		send, err := via(ctx, NewScene(scene.Target, smallStream, scene.Dir))
		if err != nil {
			return nil, err
		}
		m := &many{scene: scene, client: scene.Target.Client(), send: send}
		for piece := range slices.Chunk(scene.content(), smallStream) {
			m.keys = append(m.keys, scene.Target.Key(fmt.Sprintf("upload-%s-%d", name, len(m.keys))))
			m.pieces = append(m.pieces, piece)
		}
		return m, nil
	}
}

func (m *many) Move(ctx context.Context, see func([]byte)) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(manyAtOnce)
	for i, piece := range m.pieces {
		g.Go(func() error { return m.send(gctx, m.keys[i], &connection{piece}) })
	}
	if err := g.Wait(); err != nil || see == nil {
		return err
	}
	var whole []byte
	for _, key := range m.keys {
		b, err := readBack(ctx, m.scene, m.client, key)
		if err != nil {
			return err
		}
		whole = append(whole, b...)
	}
	see(whole)
	return nil
}
