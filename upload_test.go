package s3pool_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
)

// fakeUploadAPI is a manager.UploadAPIClient that keeps one object. It reads
// bodies in the ways that an SDK does: length by Seek, a checksum by io.Copy,
// then the body from the start.
type fakeUploadAPI struct {
	mu     sync.Mutex
	parts  map[int32][]byte
	object []byte
}

func readLikeTheSDK(body io.Reader) ([]byte, error) {
	s := body.(io.ReadSeeker)
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := s.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var hashed bytes.Buffer
	if n, err := io.Copy(struct{ io.Writer }{&hashed}, s); err != nil || n != end {
		return nil, fmt.Errorf("hashed %d of %d bytes: %w", n, end, err)
	}
	if _, err := s.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sent, err := io.ReadAll(s)
	if err == nil && !bytes.Equal(sent, hashed.Bytes()) {
		err = fmt.Errorf("the second pass differs from the first")
	}
	return sent, err
}

func (f *fakeUploadAPI) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (out *s3.PutObjectOutput, err error) {
	f.object, err = readLikeTheSDK(in.Body)
	return &s3.PutObjectOutput{}, err
}

func (f *fakeUploadAPI) UploadPart(_ context.Context, in *s3.UploadPartInput, _ ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	b, err := readLikeTheSDK(in.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parts[*in.PartNumber] = b
	return &s3.UploadPartOutput{ETag: aws.String("etag")}, err
}

func (f *fakeUploadAPI) CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	f.parts = map[int32][]byte{}
	return &s3.CreateMultipartUploadOutput{UploadId: aws.String("upload")}, nil
}

func (f *fakeUploadAPI) CompleteMultipartUpload(_ context.Context, in *s3.CompleteMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	f.object = nil
	for _, p := range in.MultipartUpload.Parts {
		f.object = append(f.object, f.parts[*p.PartNumber]...)
	}
	return &s3.CompleteMultipartUploadOutput{}, nil
}

func (f *fakeUploadAPI) AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	return &s3.AbortMultipartUploadOutput{}, nil
}

func TestUpload(t *testing.T) {
	for _, size := range []int{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1, 12*mib + 7} {
		object := pattern(size)
		path := filepath.Join(t.TempDir(), "object")
		require.NoError(t, os.WriteFile(path, object, 0o600))
		f, err := os.Open(path)
		require.NoError(t, err)
		defer f.Close()
		for name, body := range map[string]io.Reader{
			"file":         f,
			"bytes.Reader": bytes.NewReader(object),
			"stream":       struct{ io.Reader }{bytes.NewReader(object)},
		} {
			p := newPool(t)
			api := &fakeUploadAPI{}
			_, err := p.NewUploader(api).Upload(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), Body: body})
			require.NoError(t, err)
			require.True(t, bytes.Equal(object, api.object), "%s of %d bytes", name, size)
		}
	}
}

func TestUploadPartIsAReadSeekerWriteTo(t *testing.T) {
	p := newPool(t)
	r, cleanup := p.NewProvider().GetWriteTo(io.NewSectionReader(bytes.NewReader(pattern(300*kib)), 100, 200*kib))
	defer cleanup()
	var _ manager.ReadSeekerWriteTo = r
	want := pattern(300 * kib)[100 : 100+200*kib]
	for range 2 {
		var got bytes.Buffer
		n, err := r.WriteTo(&got)
		require.NoError(t, err)
		require.EqualValues(t, len(want), n)
		require.True(t, bytes.Equal(want, got.Bytes()))
		_, err = r.Seek(0, io.SeekStart)
		require.NoError(t, err)
	}
	_, err := r.WriteTo(failingWriter{})
	require.EqualError(t, err, "disk full")
}
