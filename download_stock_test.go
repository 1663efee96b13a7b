package s3pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
)

// A liar is an S3 whose answers are wrong in ways that depend on the seed and the number
// of the request alone.
type liar struct {
	pooltest.FakeS3
	seed uint64
	rate int // one answer in so many is right in everything

	long  bool // some body was longer than what was asked for
	short bool // some body ended early, and not with an error
}

var errBroken = errors.New("connection reset")

// A brittle body gives everything and the end with its first Read, if there is room for
// that, and must not be read again. Fakes in users' tests are so.
type brittle struct {
	content []byte
	err     error
	done    bool
}

func (b *brittle) Read(p []byte) (int, error) {
	if b.done {
		panic("read again")
	}
	n := copy(p, b.content)
	if b.content = b.content[n:]; len(b.content) > 0 || n == len(p) {
		return n, nil
	}
	b.done = true
	return n, b.err
}

func (l *liar) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	rng := rand.New(rand.NewPCG(l.seed, uint64(l.Requests.Load())))
	out, err := l.FakeS3.GetObject(ctx, in, optFns...)
	if err != nil || rng.IntN(l.rate) == 0 {
		return out, err
	}
	content, _ := io.ReadAll(out.Body)
	body := io.Reader(bytes.NewReader(content))
	some := rng.IntN(len(content) + 1)
	switch rng.IntN(9) {
	case 0:
		body = io.MultiReader(bytes.NewReader(content[:some]), iotest.ErrReader(errBroken))
	case 1:
		l.short = true
		body = bytes.NewReader(content[:some])
	case 2:
		var from, to int64
		fmt.Sscanf(*in.Range, "bytes=%d-%d", &from, &to)
		more := rng.IntN(100_000)
		l.long = l.long || int64(len(content)+more) > to-from+1
		body = io.MultiReader(body, bytes.NewReader(pattern(more)))
	case 3:
		body = &brittle{content: content, err: io.EOF}
	case 4:
		body = &brittle{content: content[:some], err: errBroken}
	case 5:
		body = iotest.DataErrReader(body)
	case 6:
		body = iotest.HalfReader(body)
	}
	out.Body = io.NopCloser(struct{ io.Reader }{body})
	numbers := []int64{0, 1, int64(some), int64(len(content)) + 1, 1 << 20, 1 << 30, 1 << 31, 1 << 40, 1 << 62, 1<<63 - 1}
	switch n := numbers[rng.IntN(len(numbers))]; rng.IntN(8) {
	case 0:
		out.ContentLength = aws.Int64(n)
	case 1:
		out.ContentLength = aws.Int64(-n)
	case 2:
		out.ContentLength = nil
	case 3:
		out.ContentRange = nil
	case 4:
		from, to := int64(0), int64(0)
		fmt.Sscanf(*in.Range, "bytes=%d-%d", &from, &to)
		out.ContentRange = aws.String(fmt.Sprintf("bytes %d-%d/%d", from, from+min(n, to-from), numbers[rng.IntN(len(numbers))]))
	case 5:
		out.ContentRange = aws.String([]string{"", "bytes */100", "bytes 0-0/*", "x", "bytes 0-0/99999999999999999999", "bytes 0-0/-5"}[rng.IntN(6)])
	}
	return out, nil
}

// TestDownloadFromALiar compares with the stock Downloader: count, error and everything that
// a destination holds, of downloads that succeed and of downloads that fail.
func TestDownloadFromALiar(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 1))
		size := []int{0, 1, 100, 4 * kib, 32 * kib, 32*kib + 1, testPart, 3*testPart + 5, 700_000}[rng.IntN(9)]
		partSize := []int64{1000, 32 * kib, testPart, 2 * testPart, 5 * mib}[rng.IntN(5)]
		if size > 100*int(partSize) {
			size = 100 * int(partSize)
		}
		in := get([]string{"", "", "", "bytes=3-200000"}[rng.IntN(4)])
		store := func() *liar {
			return &liar{FakeS3: pooltest.FakeS3{Object: pattern(size)}, seed: seed, rate: []int{1000, 2, 5}[seed%3]}
		}
		options := func(d *manager.Downloader) {
			d.PartSize = partSize
			d.Concurrency = 1
			d.PartBodyMaxRetries = int(seed % 3)
		}
		for _, dst := range destinations {
			what := fmt.Sprintf("seed %d: %d bytes in parts of %d into %s", seed, size, partSize, dst.name)
			p := newPool(t)
			stock, stockContent := dst.open(t, p, size)
			wantN, wantErr := manager.NewDownloader(store(), options).Download(t.Context(), stock, in)
			for _, down := range downloaders {
				ours, content := dst.open(t, p, size)
				liar := store()
				n, err := down.make(p, liar, options).Download(t.Context(), ours, in)
				want, got := stockContent(), content()
				stockContent = func() []byte { return want }
				if liar.long {
					// How much more than was asked for is noticed, and written, depends on the
					// pieces in which it arrives, with the stock Downloader too.
					continue
				}
				require.Equal(t, wantErr, err, "%s by %s", what, down.name)
				if dst.name == "wrapped" && (err != nil || liar.short) {
					// What breaks on its way to an unknown destination is not all written. That
					// shows if the download fails, or goes on with a body that is too short.
					continue
				}
				require.Equal(t, wantN, n, "%s by %s", what, down.name)
				require.True(t, bytes.Equal(want, got), "%s by %s: %d bytes, want %d", what, down.name, len(got), len(want))
			}
		}
	}
}
