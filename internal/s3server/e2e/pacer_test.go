package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
	"github.com/s3pool/s3pool/prefix"
)

// TestPacer: on a server that refuses nothing, a paced client does what any client
// does, and the Pacer learns nothing.
func TestPacer(t *testing.T) {
	t.Setenv("S3POOL_ENDPOINT", "")
	for _, sv := range servers(t) {
		t.Run(sv.name, func(t *testing.T) {
			srv := s3servertest.New(t, sv.opts...)
			pacer := prefix.NewPacer()
			bucket := s3servertest.Bucket(t, srv)
			for name, c := range map[string]*s3.Client{"plain": srv.Client(), "paced": srv.Client(pacer.Attach)} {
				t.Run(name, func(t *testing.T) { exercise(t, c, bucket, name) })
			}
			require.Empty(t, pacer.Stats())
		})
	}
}

// exercise calls what a program would, from several goroutines.
func exercise(t *testing.T, c *s3.Client, bucket, name string) {
	ctx := t.Context()
	_, err := s3pool.NewUploader(c).Upload(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: aws.String(name + "/parts"), Body: bytes.NewReader(random(1, 2*uploadPart+7)),
	})
	require.NoError(t, err)
	data := random(2, 100_000)
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 10 {
				key := aws.String(fmt.Sprintf("%s/%d/%d", name, g, i))
				_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: key, Body: bytes.NewReader(data)})
				if err != nil {
					t.Error(err)
					return
				}
				out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: key})
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(out.Body)
				out.Body.Close()
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s: %d bytes, %v", *key, len(got), err)
				}
			}
		})
	}
	wg.Wait()
	list, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String(name + "/")})
	require.NoError(t, err)
	require.Len(t, list.Contents, 161)

	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("nowhere")})
	_, ok := errors.AsType[*types.NoSuchKey](err)
	require.True(t, ok, "%v", err)
	_, err = c.ListBuckets(ctx, nil)
	require.NoError(t, err)
}
