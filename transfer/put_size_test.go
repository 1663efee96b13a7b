package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/transfer"
)

// A warehouse takes parts and looks at nothing but their sizes: bodies of terabytes
// pass in no time.
type warehouse struct {
	transfer.API // nil: what is not called
	transfer.UploadAPI

	mu    sync.Mutex
	sizes map[int32]int64
	total int64 // as completed
}

func (w *warehouse) CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	return &s3.CreateMultipartUploadOutput{UploadId: aws.String("id")}, nil
}

func (w *warehouse) UploadPart(_ context.Context, in *s3.UploadPartInput, _ ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sizes == nil {
		w.sizes = map[int32]int64{}
	}
	w.sizes[*in.PartNumber] = *in.ContentLength
	return &s3.UploadPartOutput{ETag: aws.String("tag")}, nil
}

func (w *warehouse) CompleteMultipartUpload(_ context.Context, in *s3.CompleteMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	if len(in.MultipartUpload.Parts) > part.MaxParts {
		return nil, fmt.Errorf("%d parts", len(in.MultipartUpload.Parts))
	}
	for i, p := range in.MultipartUpload.Parts {
		n, last := int32(i+1), i == len(in.MultipartUpload.Parts)-1
		size, ok := w.sizes[n]
		if *p.PartNumber != n || !ok || size > part.MaxSize || size < part.MinSize && !last {
			return nil, fmt.Errorf("part %d of %d bytes", n, size)
		}
		w.total += size
	}
	if w.total != *in.MpuObjectSize {
		return nil, fmt.Errorf("%d bytes, %d announced", w.total, *in.MpuObjectSize)
	}
	return &s3.CompleteMultipartUploadOutput{ETag: aws.String("tag")}, nil
}

func (w *warehouse) AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	return &s3.AbortMultipartUploadOutput{}, nil
}

// unsealed keeps Put from reading what it sends.
func unsealed(o *transfer.Options) { o.Checksum = transfer.ChecksumNever }

// A void is a body that leaves memory as it finds it.
type void struct{ left int64 }

func (v *void) Read(p []byte) (int, error) {
	if v.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), v.left)
	v.left -= n
	return int(n), nil
}

// TestPutLargestObjects: 10,000 parts are always enough.
func TestPutLargestObjects(t *testing.T) {
	const tib = 1 << 40
	for _, size := range []int64{5 * tib, 48 * tib} {
		w := &warehouse{}
		out, err := transfer.New(w, unsealed).Put(t.Context(), put(io.NewSectionReader(eofAt{}, 0, size)))
		require.NoError(t, err)
		require.Equal(t, size, w.total)
		require.LessOrEqual(t, out.Parts, part.MaxParts)
		require.Greater(t, out.Parts, 9_000)
	}
	_, err := transfer.New(&warehouse{}, unsealed).Put(t.Context(), put(io.NewSectionReader(eofAt{}, 0, 49*tib)))
	require.ErrorContains(t, err, "S3 takes up to")

	// Of unknown length, beyond the 80 GB that 10,000 parts of 8 MiB are.
	size := int64(100e9 + 1)
	if check.Enabled {
		size = 1e9 + 1 // released memory is poisoned, which takes its time
	}
	w := &warehouse{}
	out, err := transfer.New(w, unsealed, func(o *transfer.Options) { o.Pool = newPool(t, withBudget(256*mib)) }).
		Put(t.Context(), put(&void{size}))
	require.NoError(t, err)
	require.Equal(t, size, w.total)
	require.Less(t, out.Parts, 6_000)
}

// eofAt is for sections that nobody reads.
type eofAt struct{}

func (eofAt) ReadAt([]byte, int64) (int, error) { return 0, errors.New("read") }
