package limit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/s3test"
)

// A Survivor is what became of one download whose bodies break.
type Survivor struct {
	Name     string
	Ours     bool
	Payload  int64
	Received int64 // bytes of bodies that reached the client
	Breaks   int64
	Err      error // nil if all bytes arrived, and are right
}

// Ratio returns the bytes received for each byte of the object.
func (s Survivor) Ratio() float64 { return float64(s.Received) / float64(s.Payload) }

// A victim downloads an object into memory.
type victim struct {
	name string
	part int64 // bytes of its parts
	load func(context.Context, *wire) ([]byte, error)
}

// wire is the way to the object.
type wire struct {
	client    *s3.Client
	transport http.RoundTripper
	host      string
	in        s3.GetObjectInput
}

// Resume downloads an object of that size with one break in the middle of every
// part, each way.
func Resume(ctx context.Context, size int64) []Survivor {
	content := server.Content(int(size))
	srv := s3test.NewServer()
	defer srv.Close()
	srv.Put("bucket", "key", content)
	var list []Survivor
	for _, v := range victims() {
		list = append(list, v.survive(ctx, srv, content))
	}
	return list
}

func victims() []victim {
	return []victim{
		{"s3pool Get", 8 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			o, err := transfer.New(w.client).Get(ctx, &w.in)
			if err != nil {
				return nil, err
			}
			defer o.Release()
			return bytes.Clone(o.Bytes()), nil
		}},
		{"s3pool Open", 8 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			r, err := transfer.New(w.client).Open(ctx, &w.in)
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return io.ReadAll(r)
		}},
		{"s3pool Download", 8 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			buf := manager.NewWriteAtBuffer(nil)
			_, err := transfer.New(w.client).Download(ctx, buf, &w.in)
			return buf.Bytes(), err
		}},
		{"manager", 5 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			buf := manager.NewWriteAtBuffer(nil)
			_, err := manager.NewDownloader(w.client).Download(ctx, buf, &w.in)
			return buf.Bytes(), err
		}},
		{"tm-download", 8 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			buf := manager.NewWriteAtBuffer(nil)
			_, err := newTM(w).DownloadObject(ctx, &transfermanager.DownloadObjectInput{
				Bucket: w.in.Bucket, Key: w.in.Key, WriterAt: buf,
			})
			return buf.Bytes(), err
		}},
		{"tm-get", 8 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			out, err := newTM(w).GetObject(ctx, &transfermanager.GetObjectInput{Bucket: w.in.Bucket, Key: w.in.Key})
			if err != nil {
				return nil, err
			}
			return io.ReadAll(out.Body)
		}},
		{"minio", 16 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			c, err := minio.New(w.host, &minio.Options{
				Creds:        credentials.NewStaticV4("test", "testtest", ""),
				Transport:    w.transport,
				Region:       "us-east-1",
				BucketLookup: minio.BucketLookupPath,
			})
			if err != nil {
				return nil, err
			}
			o, err := c.GetObject(ctx, *w.in.Bucket, *w.in.Key, minio.GetObjectOptions{ParallelWorkers: 5})
			if err != nil {
				return nil, err
			}
			defer o.Close()
			return io.ReadAll(o)
		}},
		{"sdk", 8 << 20, func(ctx context.Context, w *wire) ([]byte, error) {
			out, err := w.client.GetObject(ctx, &w.in)
			if err != nil {
				return nil, err
			}
			defer out.Body.Close()
			return io.ReadAll(out.Body)
		}},
	}
}

func newTM(w *wire) *transfermanager.Client {
	return transfermanager.New(w.client, func(o *transfermanager.Options) { o.GetObjectType = tmtypes.GetObjectRanges })
}

func (v victim) survive(ctx context.Context, srv *s3test.Server, want []byte) Survivor {
	b := &breaker{size: int64(len(want)), part: v.part, broken: map[int64]bool{}}
	proxy := s3test.NewProxy(srv.URL, b.script)
	defer proxy.Close()
	// Around the client's transport there are no faults: it counts what arrives.
	arrives := s3test.NewFaults(proxy.HTTPClient().Transport, nil)
	got, err := v.load(ctx, &wire{
		client:    s3test.NewClient(proxy.URL, arrives.HTTPClient()),
		transport: arrives,
		host:      proxy.URL[len("http://"):],
		in:        s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")},
	})
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("wrong bytes, %d of %d", len(got), len(want))
	}
	return Survivor{
		Name: v.name, Ours: strings.HasPrefix(v.name, "s3pool"), Payload: int64(len(want)), Err: err,
		Received: arrives.Stats().BytesSent, Breaks: proxy.Stats().Faults,
	}
}

// breaker breaks the first body that passes the middle of a part there.
type breaker struct {
	size, part int64

	mu     sync.Mutex
	broken map[int64]bool // by part
}

func (b *breaker) script(r *http.Request, _ int) s3test.Fault {
	if r.Method != http.MethodGet {
		return s3test.Fault{}
	}
	start, end := int64(0), b.size
	if h := r.Header.Get("Range"); h != "" {
		var last int64
		if _, err := fmt.Sscanf(h, "bytes=%d-%d", &start, &last); err == nil {
			end = min(last+1, b.size)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := start / b.part; p*b.part < end; p++ {
		from, to := p*b.part, min((p+1)*b.part, b.size)
		if middle := (from + to) / 2; middle > start && middle < end && !b.broken[p] {
			b.broken[p] = true
			return s3test.Cut(middle - start)
		}
	}
	return s3test.Fault{}
}
