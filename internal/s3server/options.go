package s3server

// Options configures [Start].
type Options struct {
	// TLS serves HTTPS instead of HTTP. Zero means HTTP. The clients and the
	// configuration that a Server hands out trust its certificate. Ignored
	// with S3POOL_ENDPOINT, whose URL decides.
	TLS bool

	// Dir is where the temporary directory of the server is made. Empty means
	// os.TempDir. Ignored with S3POOL_ENDPOINT.
	Dir string

	// MinIO is the path of a minio program, which is run instead of versitygw.
	// It is a second opinion, for tests: its licence keeps it out of our modules.
	// Empty means versitygw. Ignored with S3POOL_ENDPOINT.
	MinIO string

	// sidecar stores metadata in files of its own, even where the file system
	// has extended attributes. For tests.
	sidecar bool
}

func resolveOptions(optFns []func(*Options)) Options {
	var o Options
	for _, fn := range optFns {
		fn(&o)
	}
	return o
}
