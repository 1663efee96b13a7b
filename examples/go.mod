module github.com/s3pool/s3pool/examples

go 1.26

require (
	github.com/s3pool/s3pool v0.0.0
	github.com/s3pool/s3pool/internal/s3server v0.0.0
)

replace (
	github.com/s3pool/s3pool => ..
	github.com/s3pool/s3pool/internal/s3server => ../internal/s3server
)
