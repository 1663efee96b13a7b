package transfer

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/s3pool/s3pool/internal/direct"
)

// The calls for an object's bytes and headers, and for those of its parts. An *s3.Client's take the direct path where
// they can; those of any other API are its own.

// directly returns what makes calls of api directly, or nil and why there is none.
func directly(api API, off bool) (*direct.Client, string) {
	c, ok := api.(*s3.Client)
	switch {
	case off || direct.Off:
		return nil, "Options.NoDirect is set"
	case !ok:
		return nil, fmt.Sprintf("the API is a %T and no *s3.Client", api)
	}
	return direct.New(c, direct.Known{
		Adds: []func(*middleware.Stack) error{addPlain, addChecksum, addUnsignedOverTLS},
		Sets: []func(*s3.Options){ownOptions, askForChecksum, guarded, once},
	}), ""
}

func (c *Client) getObject(ctx context.Context, in *s3.GetObjectInput, opts []func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if c.direct == nil {
		c.indirect.Add(1)
		return c.api.GetObject(ctx, in, opts...)
	}
	disarm(ctx)
	return c.direct.GetObject(ctx, in, opts...)
}

func (c *Client) headObject(ctx context.Context, in *s3.HeadObjectInput, opts []func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	if c.direct == nil {
		c.indirect.Add(1)
		return c.api.HeadObject(ctx, in, opts...)
	}
	disarm(ctx)
	return c.direct.HeadObject(ctx, in, opts...)
}

func (u *upload) putObject(ctx context.Context, in *s3.PutObjectInput, opts []func(*s3.Options)) (*s3.PutObjectOutput, error) {
	c := u.set.client
	if c.direct == nil {
		c.indirect.Add(1)
		return u.api.PutObject(ctx, in, opts...)
	}
	disarm(ctx)
	return c.direct.PutObject(ctx, in, opts...)
}

func (u *upload) uploadPart(ctx context.Context, in *s3.UploadPartInput, opts []func(*s3.Options)) (*s3.UploadPartOutput, error) {
	c := u.set.client
	if c.direct == nil {
		c.indirect.Add(1)
		return u.api.UploadPart(ctx, in, opts...)
	}
	disarm(ctx)
	return c.direct.UploadPart(ctx, in, opts...)
}

// disarm ends the measuring of silence until the first attempt: a Pacer's queue is none.
func disarm(ctx context.Context) {
	if w := watchOf(ctx); w != nil {
		w.disarm()
	}
}

// path returns which way calls have taken, and why not the direct one.
func (c *Client) path() direct.Stats {
	if c.direct == nil {
		return direct.Stats{SDK: c.indirect.Load(), Why: c.whyIndirect}
	}
	return c.direct.Stats()
}
