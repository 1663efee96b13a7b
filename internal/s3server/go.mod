module github.com/s3pool/s3pool/internal/s3server

go 1.26

require (
	github.com/s3pool/s3pool v0.0.0
	github.com/versity/versitygw v1.8.0
)

replace github.com/s3pool/s3pool => ../..
