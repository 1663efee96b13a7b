// Package s3pool moves objects in and out of S3 without the garbage.
package s3pool
