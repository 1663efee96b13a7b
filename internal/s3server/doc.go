// Package s3server starts a real S3 server for tests, examples and benchmarks.
//
// The server is [versitygw] over a temporary directory, on a random loopback
// port, over HTTP or HTTPS with a certificate made on the spot. It runs in a
// child process, because it changes its working directory, allows one gateway
// per process, and because a benchmark wants to measure the client alone. The
// child is the running program itself, re-executed, so nothing has to be
// installed: call [Main] first thing in main or TestMain, then [Start].
//
//	func main() {
//		s3server.Main()
//		srv, err := s3server.Start(ctx)
//		if err != nil { … }
//		defer srv.Close()
//		bucket, err := srv.Bucket(ctx)
//		client := srv.Client()
//		…
//	}
//
// In tests, package s3servertest does this in two lines.
//
// With [Options].MinIO, the child runs a minio program instead, for tests that want
// a second opinion. MinIO is under the AGPL and no dependency of ours.
//
// # Another S3
//
// When the environment names an endpoint, no child is started and everything
// goes there instead:
//
//	S3POOL_ENDPOINT   URL of the S3 API, for example https://s3.eu-central-1.amazonaws.com
//	S3POOL_BUCKET     an existing bucket to work in; unset means to make buckets
//	AWS_…             credentials, region, profile and CA bundle, as for any AWS tool
//
// Buckets that were made there are emptied and removed by [Server.Close]. An
// existing bucket is left alone but for the keys under [Server.Prefix].
//
// # Lifetime
//
// The child lives until [Server.Close] or the end of its parent, however that
// comes: it waits for the end of its standard input and then removes the
// directory and exits. (Linux's parent-death signal was rejected: it is tied
// to the thread that forked, and leaves the directory behind.)
//
// [versitygw]: https://github.com/versity/versitygw
package s3server
