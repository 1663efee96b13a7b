package transfer

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Head asks for an object's headers, with the client's options and the SDK's retries. A
// request that is silent for Options.StallTimeout is made again. Errors are *[Error].
func (c *Client) Head(ctx context.Context, in *s3.HeadObjectInput, optFns ...func(*DownloadOptions)) (*s3.HeadObjectOutput, error) {
	e := Error{Op: "Head"}
	if in == nil {
		e.Err = invalidError{errors.New("nil HeadObjectInput")}
		return nil, wrapError(ctx, e)
	}
	e.Bucket, e.Key = aws.ToString(in.Bucket), aws.ToString(in.Key)
	set, err := c.forDownload(optFns)
	if err == nil {
		err = checkName(in.Bucket, in.Key)
	}
	if err != nil {
		e.Err = err
		return nil, wrapError(ctx, e)
	}
	var out *s3.HeadObjectOutput
	a := ask{set: set, opts: set.later, alone: true, event: func(ev Event) {
		ev.Op, ev.Bucket, ev.Key = e.Op, e.Bucket, e.Key
		set.note(ev)
	}}
	e.Err = a.do(ctx, func(ctx context.Context, opts []func(*s3.Options)) (err error) {
		out, err = c.headObject(ctx, in, opts)
		return err
	})
	if e.Err != nil {
		return nil, wrapError(ctx, e)
	}
	return out, nil
}
