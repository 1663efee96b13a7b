package limit

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/transfer"
)

// The calls of a Client that move an object of any size.
const (
	DownloadDiscard = "Download, discarded" // to a WriterAt that keeps nothing
	DownloadFile    = "Download, file"      // into a new file
	OpenWriteTo     = "Open, WriteTo"       // to a Writer that keeps nothing
	PutStream       = "Put, stream"         // of a stream whose length nobody is told
)

// LargeCalls lists the calls of a [Large].
func LargeCalls() []string { return []string{DownloadDiscard, DownloadFile, OpenWriteTo, PutStream} }

// A Large is one object after another, by one call.
type Large struct {
	Call     string // one of LargeCalls
	Size     int64  // bytes of an object, at most server.LargestSize
	InTurn   int    // how many
	MaxBytes int64  // the budget
	Dir      string // for files, which are removed
}

// warmLarge is the size in bytes of the object that is moved first: connections and the pool's
// memory are made for it, which is no matter of the size.
const warmLarge = 100e6

// Footprint moves the objects in a process of its own, from or to a range server that runs.
// The program must call [Main] and [server.Main].
func (l Large) Footprint(ctx context.Context, t *server.Target) (Footprint, error) {
	return apartOn(ctx, t, memoryJob{Large: &l})
}

func (l Large) bear(ctx context.Context, target *server.Target) (Footprint, error) {
	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = l.MaxBytes })
	client := transfer.New(target.Client(), func(o *transfer.Options) { o.Pool = pool })
	if err := l.move(ctx, target, client, min(warmLarge, l.Size)); err != nil {
		return Footprint{}, err
	}
	if l.Call != PutStream { // the server computes a checksum when it is first asked for it
		key, err := target.Object(ctx, int(l.Size))
		if err != nil {
			return Footprint{}, err
		}
		_, err = target.Client().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &target.Bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			return Footprint{}, err
		}
	}
	f := Footprint{Before: peakRSS()}
	err := f.watch(pool, func() error {
		for range l.InTurn {
			start := meter.Read()
			if err := l.move(ctx, target, client, l.Size); err != nil {
				return err
			}
			used := meter.Since(start)
			f.Turns = append(f.Turns, Turn{CPU: used.CPU, Wall: used.Wall, Allocated: int64(used.Bytes)})
		}
		return nil
	})
	return f, err
}

// move moves one object of that size, and is content only if all of it has been moved and,
// where it is a download, verified.
func (l Large) move(ctx context.Context, target *server.Target, client *transfer.Client, size int64) error {
	if l.Call == PutStream {
		key := target.Key("upload-large")
		_, err := client.Put(ctx, &s3.PutObjectInput{Bucket: &target.Bucket, Key: &key, Body: &stream{left: size}})
		return err
	}
	key, err := target.Object(ctx, int(size))
	if err != nil {
		return err
	}
	in := &s3.GetObjectInput{Bucket: &target.Bucket, Key: &key}
	var moved int64
	var v transfer.Verification
	switch l.Call {
	case DownloadDiscard:
		moved, v, err = download(ctx, client, nowhereAt{}, in)
	case DownloadFile:
		moved, v, err = l.downloadFile(ctx, client, in)
	case OpenWriteTo:
		moved, v, err = open(ctx, client, in)
	default:
		err = fmt.Errorf("no call is called %q", l.Call)
	}
	if err == nil && (moved != size || !v.Verified()) {
		err = fmt.Errorf("%s: %d of %d bytes, verified: %t", l.Call, moved, size, v.Verified())
	}
	return err
}

func download(ctx context.Context, client *transfer.Client, w io.WriterAt, in *s3.GetObjectInput) (int64, transfer.Verification, error) {
	out, err := client.Download(ctx, w, in)
	if err != nil {
		return 0, transfer.Verification{}, err
	}
	return out.Written, out.Verification, nil
}

func (l Large) downloadFile(ctx context.Context, client *transfer.Client, in *s3.GetObjectInput) (n int64, v transfer.Verification, err error) {
	f, err := os.Create(filepath.Join(l.Dir, "large"))
	if err != nil {
		return 0, v, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	return download(ctx, client, f, in)
}

func open(ctx context.Context, client *transfer.Client, in *s3.GetObjectInput) (n int64, v transfer.Verification, err error) {
	r, err := client.Open(ctx, in)
	if err != nil {
		return 0, v, err
	}
	defer r.Close()
	if n, err = r.WriteTo(io.Discard); err != nil {
		return n, v, err
	}
	v, err = r.Verify()
	return n, v, err
}

// nowhereAt is a file that keeps nothing.
type nowhereAt struct{}

func (nowhereAt) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
