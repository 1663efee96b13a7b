package s3pool

import (
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"

	"github.com/s3pool/s3pool/internal/sdk"
)

// NewUploader returns a manager.Uploader that uses the buffers of [DefaultPool].
// Use it instead of manager.NewUploader:
//
//	uploader := s3pool.NewUploader(client)
//
// See [Pool.NewUploader].
func NewUploader(c manager.UploadAPIClient, optFns ...func(*manager.Uploader)) *manager.Uploader {
	return DefaultPool().NewUploader(c, optFns...)
}

// NewUploader returns a manager.Uploader that uses the buffers of p, through a
// [Provider]. Everything else is the manager's own. optFns come last and win; one that
// sets BufferProvider, to anything but a [Provider], gets the stock Uploader.
//
// It helps with bodies that are io.Seeker and io.ReaderAt: files and byte
// readers. What the manager does with a stream, reading its first part into a
// slice that grows and the others into buffers of its own, is not to be changed
// from outside.
//
// NewUploader panics if there is no client, neither c nor one that an option has set.
func (p *Pool) NewUploader(c manager.UploadAPIClient, optFns ...func(*manager.Uploader)) *manager.Uploader {
	p.mem("NewUploader")
	provider := p.NewProvider()
	u := manager.NewUploader(c, func(u *manager.Uploader) { u.BufferProvider = provider })
	for _, fn := range optFns {
		fn(u)
	}
	if sdk.IsNil(u.S3) {
		panic("s3pool: NewUploader: nil client")
	}
	return u
}
