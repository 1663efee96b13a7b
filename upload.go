package s3pool

import "github.com/aws/aws-sdk-go-v2/feature/s3/manager"

func NewUploader(c manager.UploadAPIClient, optFns ...func(*manager.Uploader)) *manager.Uploader {
	return manager.NewUploader(c, optFns...)
}
