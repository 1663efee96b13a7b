package transfer

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A gate is the API of a Client: every request needs a place.
type gate struct {
	API
	f *flights
}

func (g *gate) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if err := g.f.enter(ctx); err != nil {
		return nil, err
	}
	out, err := g.API.GetObject(ctx, in, optFns...)
	if err != nil || out == nil || out.Body == nil {
		g.f.leave()
		return out, err
	}
	out.Body = &placed{ReadCloser: out.Body, f: g.f}
	return out, nil
}

func (g *gate) HeadObject(ctx context.Context, in *s3.HeadObjectInput, optFns ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return fly(g.f, ctx, in, optFns, g.API.HeadObject)
}

// fly makes a request that is over when call returns.
func fly[In, Out any](f *flights, ctx context.Context, in *In, optFns []func(*s3.Options), call func(context.Context, *In, ...func(*s3.Options)) (*Out, error)) (*Out, error) {
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	defer f.leave()
	return call(ctx, in, optFns...)
}

// A putGate is the same for uploads.
type putGate struct {
	gate
	up UploadAPI
}

func (g *putGate) PutObject(ctx context.Context, in *s3.PutObjectInput, optFns ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return fly(g.f, ctx, in, optFns, g.up.PutObject)
}

func (g *putGate) CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, optFns ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	return fly(g.f, ctx, in, optFns, g.up.CreateMultipartUpload)
}

func (g *putGate) UploadPart(ctx context.Context, in *s3.UploadPartInput, optFns ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	return fly(g.f, ctx, in, optFns, g.up.UploadPart)
}

func (g *putGate) ListParts(ctx context.Context, in *s3.ListPartsInput, optFns ...func(*s3.Options)) (*s3.ListPartsOutput, error) {
	return fly(g.f, ctx, in, optFns, g.up.ListParts)
}

func (g *putGate) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, optFns ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	return fly(g.f, ctx, in, optFns, g.up.CompleteMultipartUpload)
}

func (g *putGate) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput, optFns ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	return fly(g.f, ctx, in, optFns, g.up.AbortMultipartUpload)
}

// placed is a body that holds a place until it is closed.
type placed struct {
	io.ReadCloser
	f      *flights
	closed atomic.Bool
}

func (b *placed) Close() error {
	err := b.ReadCloser.Close()
	if !b.closed.Swap(true) {
		b.f.leave()
	}
	return err
}

// connectionsOf returns how many connections the HTTP client of api makes to a host, or 0
// if that is not known or not bounded.
func connectionsOf(api API) int {
	c, ok := api.(interface{ Options() s3.Options })
	if !ok {
		return 0
	}
	switch h := c.Options().HTTPClient.(type) {
	case interface{ GetTransport() *http.Transport }: // the SDK's own
		return h.GetTransport().MaxConnsPerHost
	case *http.Client:
		if t, ok := h.Transport.(*http.Transport); ok {
			return t.MaxConnsPerHost
		}
	}
	return 0
}
