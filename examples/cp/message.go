package main

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/s3pool/s3pool/transfer"
)

// oneLine says in one line what is wrong. Of an error of S3's that is the object, the code
// and the message, and what support asks for: the request's id.
func oneLine(err error) string {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return strings.Join(strings.Fields(err.Error()), " ")
	}
	text := strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": ")
	if e, ok := errors.AsType[*transfer.Error](err); ok {
		text = location{e.Bucket, e.Key}.String() + ": " + text
	}
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		text += fmt.Sprintf(" (status %d, request %s)", r.HTTPStatusCode(), r.ServiceRequestID())
	}
	return strings.Join(strings.Fields(text), " ")
}
