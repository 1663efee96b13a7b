package s3pool

import "github.com/aws/aws-sdk-go-v2/feature/s3/manager"

func NewDownloader(c manager.DownloadAPIClient, optFns ...func(*manager.Downloader)) *manager.Downloader {
	return manager.NewDownloader(c, optFns...)
}
