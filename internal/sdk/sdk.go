// Package sdk answers what several packages ask about the AWS SDK's values: whether a
// client is there, and what an error says about the answer it came from.
package sdk

import (
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// IsNil reports whether c is no client: nil, or the usual way to get it wrong, a nil
// *s3.Client.
func IsNil(c any) bool {
	client, ok := c.(*s3.Client)
	return c == nil || ok && client == nil
}

// Status returns the HTTP status of an SDK error, or 0.
func Status(err error) int {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

// Code returns the S3 code of an SDK error, such as NoSuchKey, or nothing.
func Code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// Header returns the headers of an answer that the SDK made an error of, or nil.
func Header(err error) http.Header {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && e.Response != nil && e.Response.Response != nil {
		return e.Response.Header
	}
	return nil
}
