package transfer

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// API is what a [Client] needs for downloads. *s3.Client is one. A call that needs more
// of it looks for that when it is made: Put wants an [UploadAPI]. So a fake that has what
// its test calls keeps working when the Client learns something new.
//
// If an implementation has the method Options() s3.Options, as *s3.Client has, its
// checksum settings are respected.
type API interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
}

// UploadAPI is what [Client.Put] needs beside API.
type UploadAPI interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	ListParts(context.Context, *s3.ListPartsInput, ...func(*s3.Options)) (*s3.ListPartsOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// putAPI is all that Put calls: HeadObject finds an object whose answer was lost.
type putAPI interface {
	API
	UploadAPI
}

var errNoUploadAPI = errors.New("the API given to New is no UploadAPI: it lacks PutObject or a call for multipart uploads")
