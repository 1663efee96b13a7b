package e2e_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A download is what a call has returned.
type download struct {
	data         []byte
	output       *s3.GetObjectOutput
	verification transfer.Verification
}

// A call is one of the client's ways to download. On error the data is what had
// been delivered before.
type call struct {
	name string
	do   func(context.Context, *testing.T, *transfer.Client, *s3.GetObjectInput) (download, error)
}

var calls = []call{
	{"Get", func(ctx context.Context, _ *testing.T, c *transfer.Client, in *s3.GetObjectInput) (download, error) {
		o, err := c.Get(ctx, in)
		if err != nil {
			return download{}, err
		}
		defer o.Release()
		return download{bytes.Clone(o.Bytes()), o.Output, o.Verification}, nil
	}},
	{"Open", func(ctx context.Context, _ *testing.T, c *transfer.Client, in *s3.GetObjectInput) (download, error) {
		r, err := c.Open(ctx, in)
		if err != nil {
			return download{}, err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		if err != nil {
			return download{}, err
		}
		v, err := r.Verify()
		return download{data, r.Output, v}, err
	}},
	{"WriteTo", func(ctx context.Context, _ *testing.T, c *transfer.Client, in *s3.GetObjectInput) (download, error) {
		r, err := c.Open(ctx, in)
		if err != nil {
			return download{}, err
		}
		defer r.Close()
		var buf bytes.Buffer
		if _, err = r.WriteTo(&buf); err != nil {
			return download{}, err
		}
		v, err := r.Verify()
		return download{buf.Bytes(), r.Output, v}, err
	}},
	{"Download", func(ctx context.Context, t *testing.T, c *transfer.Client, in *s3.GetObjectInput) (download, error) {
		f, err := os.Create(filepath.Join(t.TempDir(), "object"))
		if err != nil {
			return download{}, err
		}
		defer f.Close()
		out, err := c.Download(ctx, f, in)
		if err != nil {
			return download{}, err
		}
		data, err := os.ReadFile(f.Name())
		return download{data, out.Output, out.Verification}, err
	}},
}

// eachCall runs f for every call, as a subtest.
func eachCall(t *testing.T, f func(*testing.T, call)) {
	t.Helper()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) { f(t, c) })
	}
}
