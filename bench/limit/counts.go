package limit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// Counts are what one call costs that does not depend on the machine.
type Counts struct {
	Requests  int64   // to S3
	Received  int64   // bytes of their answers
	Sent      int64   // bytes of their bodies
	Allocated float64 // bytes, in the calling process
	Allocs    float64 // heap objects
}

// A Counted is a call that is counted.
type Counted struct {
	Name string
	call func(ctx context.Context, c *counting) error
}

// counting is what a counted call needs.
type counting struct {
	api    *s3.Client
	client *transfer.Client
	pool   *s3pool.Pool
	in     s3.GetObjectInput
	size   int
	body   []byte
}

// AllCounted lists the calls.
func AllCounted() []Counted {
	return []Counted{
		{"NewDownloader", func(ctx context.Context, c *counting) error {
			_, err := c.pool.NewDownloader(c.api).Download(ctx, manager.NewWriteAtBuffer(nil), &c.in)
			return err
		}},
		{"NewDownloader, pooled", func(ctx context.Context, c *counting) error {
			buf := c.pool.NewWriteAtBuffer()
			defer buf.Release()
			_, err := c.pool.NewDownloader(c.api).Download(ctx, buf, &c.in)
			return err
		}},
		{"Get", func(ctx context.Context, c *counting) error {
			o, err := c.client.Get(ctx, &c.in)
			if err == nil {
				o.Release()
			}
			return err
		}},
		{"Open", func(ctx context.Context, c *counting) error {
			r, err := c.client.Open(ctx, &c.in)
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = r.WriteTo(io.Discard)
			return err
		}},
		{"Put", func(ctx context.Context, c *counting) error {
			_, err := c.client.Put(ctx, c.put(bytes.NewReader(c.body)))
			return err
		}},
		{"Put, stream", func(ctx context.Context, c *counting) error {
			_, err := c.client.Put(ctx, c.put(struct{ io.Reader }{bytes.NewReader(c.body)}))
			return err
		}},
		{"Serve", func(ctx context.Context, c *counting) error {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			return s3http.Serve(&nowhere{header: http.Header{}}, r, c.client, &c.in)
		}},
		{"Receive", func(ctx context.Context, c *counting) error {
			r := httptest.NewRequestWithContext(ctx, http.MethodPut, "/", bytes.NewReader(c.body))
			_, err := s3http.Receive(&nowhere{header: http.Header{}}, r, c.client, c.put(nil))
			return err
		}},
	}
}

func (c *counting) put(body io.Reader) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: c.in.Bucket, Key: new("upload"), Body: body}
}

// nowhere is a response that nobody reads.
type nowhere struct{ header http.Header }

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(int)             {}
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }

// repeats is how often a call is made to count its memory.
const repeats = 8

// Count counts one call for an object of a size: what goes to a range server, a process of
// its own, and what is allocated in this one meanwhile. Nothing else may run.
func (c Counted) Count(ctx context.Context, t *server.Target, size int) (n Counts, err error) {
	key, err := t.Object(ctx, size)
	if err != nil {
		return n, err
	}
	var over *s3test.Faults // without faults: it counts
	plain := counting{api: t.Client(), pool: s3pool.NewPool(), size: size, in: s3.GetObjectInput{Bucket: &t.Bucket, Key: &key}, body: server.Content(size)}
	plain.client = transfer.New(plain.api, plain.own)
	counted := plain
	counted.api = t.Client(func(o *s3.Options) {
		hc, _ := o.HTTPClient.(*http.Client)
		over = s3test.NewFaults(hc.Transport, nil)
		o.HTTPClient = over.HTTPClient()
	})
	counted.client = transfer.New(counted.api, counted.own)
	if over == nil {
		return n, fmt.Errorf("the client's requests cannot be counted")
	}
	over.ResetStats()
	if err := c.call(ctx, &counted); err != nil {
		return n, err
	}
	stats := over.Stats()
	n.Requests, n.Received, n.Sent = stats.Requests, stats.BytesSent, stats.BytesReceived

	// A collection would empty pools, by chance.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for range 3 { // connections and pools
		if err := c.call(ctx, &plain); err != nil {
			return n, err
		}
	}
	start := meter.Read()
	for range repeats {
		if err := c.call(ctx, &plain); err != nil {
			return n, err
		}
	}
	used := meter.Since(start)
	n.Allocated, n.Allocs = float64(used.Bytes)/repeats, float64(used.Allocs)/repeats
	return n, nil
}

func (c *counting) own(o *transfer.Options) { o.Pool = c.pool }
