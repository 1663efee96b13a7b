package transfer

import (
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What a multipart upload makes of a PutObjectInput: each of its requests gets what it has
// in common with it, and what is its own. TestEveryPutFieldIsDecidedOn fails when the SDK
// adds a field that nobody has looked at.

func createInput(in *s3.PutObjectInput) *s3.CreateMultipartUploadInput {
	var c s3.CreateMultipartUploadInput
	carryRequest(&c, in)
	return &c
}

func partInput(in *s3.PutObjectInput, id string, n int32) *s3.UploadPartInput {
	p := s3.UploadPartInput{UploadId: &id, PartNumber: &n}
	carryRequest(&p, in)
	return &p
}

func completeInput(in *s3.PutObjectInput, id string, parts []types.CompletedPart, size int64) *s3.CompleteMultipartUploadInput {
	c := s3.CompleteMultipartUploadInput{
		UploadId:        &id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		MpuObjectSize:   &size,
	}
	carryRequest(&c, in)
	return &c
}

func abortInput(in *s3.PutObjectInput, id string) *s3.AbortMultipartUploadInput {
	a := s3.AbortMultipartUploadInput{UploadId: &id}
	carryRequest(&a, in)
	return &a
}

func listPartsInput(in *s3.PutObjectInput, id string) *s3.ListPartsInput {
	l := s3.ListPartsInput{UploadId: &id}
	carryRequest(&l, in)
	return &l
}

// headInput asks for the object that was put. The conditions were on the one before it.
func headInput(in *s3.PutObjectInput) *s3.HeadObjectInput {
	var h s3.HeadObjectInput
	carryRequest(&h, in)
	h.ChecksumMode = types.ChecksumModeEnabled
	h.IfMatch, h.IfNoneMatch = nil, nil
	return &h
}

// putOutput is what PutObject would have answered.
func putOutput(begun *s3.CreateMultipartUploadOutput, out *s3.CompleteMultipartUploadOutput, size int64) *s3.PutObjectOutput {
	var o s3.PutObjectOutput
	carry(&o, out)
	o.Size = &size
	if begun != nil {
		o.SSECustomerAlgorithm = begun.SSECustomerAlgorithm
		o.SSECustomerKeyMD5 = begun.SSECustomerKeyMD5
		o.SSEKMSEncryptionContext = begun.SSEKMSEncryptionContext
	}
	return &o
}
