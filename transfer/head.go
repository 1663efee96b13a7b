package transfer

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Head asks for an object's headers, with the client's options and the SDK's retries.
// Errors are *[Error].
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
	out, err := c.gate.HeadObject(ctx, in, set.later...)
	if err != nil {
		e.Err = stray(ctx, err)
		return nil, wrapError(ctx, e)
	}
	return out, nil
}
