// Command gitlfs is a Git LFS server: objects on S3, metadata in SQL, any number of replicas.
//
//	go run ./examples/gitlfs
//
// starts one with an S3 and a database of its own in ./gitlfs-data, and prints what to type in
// a Git repository. See the README for everything else.
package main

import "github.com/s3pool/s3pool/examples/gitlfs/internal/cli"

func main() { cli.Main() }
