package transfer

import (
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What a multipart upload makes of a PutObjectInput. TestEveryPutFieldIsDecidedOn fails
// when the SDK adds a field that is not looked at here.

func createInput(in *s3.PutObjectInput) *s3.CreateMultipartUploadInput {
	return &s3.CreateMultipartUploadInput{
		Bucket:                           in.Bucket,
		Key:                              in.Key,
		ACL:                              in.ACL,
		BucketKeyEnabled:                 in.BucketKeyEnabled,
		CacheControl:                     in.CacheControl,
		ContentDisposition:               in.ContentDisposition,
		ContentEncoding:                  in.ContentEncoding,
		ContentLanguage:                  in.ContentLanguage,
		ContentType:                      in.ContentType,
		ExpectedBucketOwner:              in.ExpectedBucketOwner,
		Expires:                          in.Expires,
		GrantFullControl:                 in.GrantFullControl,
		GrantRead:                        in.GrantRead,
		GrantReadACP:                     in.GrantReadACP,
		GrantWriteACP:                    in.GrantWriteACP,
		Metadata:                         in.Metadata,
		ObjectLockEventHold:              in.ObjectLockEventHold,
		ObjectLockEventHoldDurationDays:  in.ObjectLockEventHoldDurationDays,
		ObjectLockEventHoldDurationYears: in.ObjectLockEventHoldDurationYears,
		ObjectLockLegalHoldStatus:        in.ObjectLockLegalHoldStatus,
		ObjectLockMode:                   in.ObjectLockMode,
		ObjectLockRetainUntilDate:        in.ObjectLockRetainUntilDate,
		RequestPayer:                     in.RequestPayer,
		SSECustomerAlgorithm:             in.SSECustomerAlgorithm,
		SSECustomerKey:                   in.SSECustomerKey,
		SSECustomerKeyMD5:                in.SSECustomerKeyMD5,
		SSEKMSEncryptionContext:          in.SSEKMSEncryptionContext,
		SSEKMSKeyId:                      in.SSEKMSKeyId,
		ServerSideEncryption:             in.ServerSideEncryption,
		StorageClass:                     in.StorageClass,
		Tagging:                          in.Tagging,
		WebsiteRedirectLocation:          in.WebsiteRedirectLocation,
	}
}

func partInput(in *s3.PutObjectInput, id string, n int32) *s3.UploadPartInput {
	return &s3.UploadPartInput{
		Bucket:               in.Bucket,
		Key:                  in.Key,
		UploadId:             &id,
		PartNumber:           &n,
		ExpectedBucketOwner:  in.ExpectedBucketOwner,
		RequestPayer:         in.RequestPayer,
		SSECustomerAlgorithm: in.SSECustomerAlgorithm,
		SSECustomerKey:       in.SSECustomerKey,
		SSECustomerKeyMD5:    in.SSECustomerKeyMD5,
	}
}

func completeInput(in *s3.PutObjectInput, id string, parts []types.CompletedPart, size int64) *s3.CompleteMultipartUploadInput {
	return &s3.CompleteMultipartUploadInput{
		Bucket:               in.Bucket,
		Key:                  in.Key,
		UploadId:             &id,
		MultipartUpload:      &types.CompletedMultipartUpload{Parts: parts},
		MpuObjectSize:        &size,
		ExpectedBucketOwner:  in.ExpectedBucketOwner,
		IfMatch:              in.IfMatch,
		IfNoneMatch:          in.IfNoneMatch,
		RequestPayer:         in.RequestPayer,
		SSECustomerAlgorithm: in.SSECustomerAlgorithm,
		SSECustomerKey:       in.SSECustomerKey,
		SSECustomerKeyMD5:    in.SSECustomerKeyMD5,
	}
}

func abortInput(in *s3.PutObjectInput, id string) *s3.AbortMultipartUploadInput {
	return &s3.AbortMultipartUploadInput{
		Bucket:              in.Bucket,
		Key:                 in.Key,
		UploadId:            &id,
		ExpectedBucketOwner: in.ExpectedBucketOwner,
		RequestPayer:        in.RequestPayer,
	}
}

func listPartsInput(in *s3.PutObjectInput, id string) *s3.ListPartsInput {
	return &s3.ListPartsInput{
		Bucket:               in.Bucket,
		Key:                  in.Key,
		UploadId:             &id,
		ExpectedBucketOwner:  in.ExpectedBucketOwner,
		RequestPayer:         in.RequestPayer,
		SSECustomerAlgorithm: in.SSECustomerAlgorithm,
		SSECustomerKey:       in.SSECustomerKey,
		SSECustomerKeyMD5:    in.SSECustomerKeyMD5,
	}
}

func headInput(in *s3.PutObjectInput) *s3.HeadObjectInput {
	return &s3.HeadObjectInput{
		Bucket:               in.Bucket,
		Key:                  in.Key,
		ChecksumMode:         types.ChecksumModeEnabled,
		ExpectedBucketOwner:  in.ExpectedBucketOwner,
		RequestPayer:         in.RequestPayer,
		SSECustomerAlgorithm: in.SSECustomerAlgorithm,
		SSECustomerKey:       in.SSECustomerKey,
		SSECustomerKeyMD5:    in.SSECustomerKeyMD5,
	}
}

// putOutput is what PutObject would have answered.
func putOutput(begun *s3.CreateMultipartUploadOutput, out *s3.CompleteMultipartUploadOutput, size int64) *s3.PutObjectOutput {
	o := &s3.PutObjectOutput{
		BucketKeyEnabled:     out.BucketKeyEnabled,
		ChecksumCRC32:        out.ChecksumCRC32,
		ChecksumCRC32C:       out.ChecksumCRC32C,
		ChecksumCRC64NVME:    out.ChecksumCRC64NVME,
		ChecksumMD5:          out.ChecksumMD5,
		ChecksumSHA1:         out.ChecksumSHA1,
		ChecksumSHA256:       out.ChecksumSHA256,
		ChecksumSHA512:       out.ChecksumSHA512,
		ChecksumType:         out.ChecksumType,
		ChecksumXXHASH128:    out.ChecksumXXHASH128,
		ChecksumXXHASH3:      out.ChecksumXXHASH3,
		ChecksumXXHASH64:     out.ChecksumXXHASH64,
		ETag:                 out.ETag,
		Expiration:           out.Expiration,
		RequestCharged:       out.RequestCharged,
		SSEKMSKeyId:          out.SSEKMSKeyId,
		ServerSideEncryption: out.ServerSideEncryption,
		Size:                 &size,
		VersionId:            out.VersionId,
		ResultMetadata:       out.ResultMetadata,
	}
	if begun != nil {
		o.SSECustomerAlgorithm = begun.SSECustomerAlgorithm
		o.SSECustomerKeyMD5 = begun.SSECustomerKeyMD5
		o.SSEKMSEncryptionContext = begun.SSEKMSEncryptionContext
	}
	return o
}
