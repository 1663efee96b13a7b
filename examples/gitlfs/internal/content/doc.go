// Package content keeps the bytes of objects in S3, by transfer.Client.
//
// A body comes in and is hashed on its way into S3: a body that is not what its OID says is
// an error where it ends, and S3 shows nothing of it. An object goes out by s3http.Serve.
//
// Keys are objects/ab/cd/OID/RANDOM and staging/REPOSITORY/RANDOM, under a prefix. OIDs are
// hashes, so they lie evenly over S3's partitions already, and prefix.Spread has nothing to
// add. The random part is what makes deletion safe: a key is written once.
//
// Files: content.go (put, open), body.go (hashing), presign.go, sweep.go (what was left).
package content
