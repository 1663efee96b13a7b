// Package s3test tests programs that talk to S3.
//
// It has three parts, which work together or alone:
//
//   - [S3] is a small S3 in memory. [New] gives one without sockets, for unit
//     tests and for bubbles of testing/synctest; [NewServer] gives one that
//     listens on the loopback interface, with or without TLS.
//   - [Faults] makes requests go wrong as a [Script] says: bodies that break or
//     stall, 503 SlowDown, wrong bytes, objects replaced in the middle of a
//     download, stores that ignore ranges, lie about lengths, say nothing, or say 200
//     and mean nothing; [Quirks] lists them all. It wraps any [http.RoundTripper];
//     [NewProxy] puts it between a client and any S3, so that what goes wrong does so
//     on a real connection.
//   - [Partitions] are a model of S3's limits on request rates: key ranges that give
//     so many reads and writes in a second, answer 503 SlowDown above, and split.
//
// A test needs three lines:
//
//	fake := s3test.New()
//	fake.Put("bucket", "key", []byte("hello"))
//	client := fake.Client() // an *s3.Client
//
// # What the S3 in memory does
//
// Buckets, objects and their versions; GET and HEAD with ranges, conditions, part
// numbers, response overrides and checksums; PUT with conditions, Content-MD5,
// checksums in headers and in trailers (aws-chunked); multipart uploads with
// composite and full-object checksums; simple copies; listings, in both versions;
// SSE-C keys; expected bucket owners; errors as S3 writes them. Answers follow S3
// where its behaviour is documented or has been observed, including the awkward
// ones: an empty object answers 416 to a range, and a range of an object comes
// without the object's checksum. What S3 refuses is refused: keys above 1,024 bytes or not in
// UTF-8, metadata above 2 KB, headers above 8 KB, bucket names against S3's rules,
// conditions that S3 does not have, presigned URLs whose time is over.
//
// It does not verify signatures: it wants to see that a request is signed, and by
// whom. It has no ACLs, policies, tags, lifecycle, object lock, UploadPartCopy or
// GetObjectAttributes, and answers those with 501 NotImplemented. SSE-C is
// accepted without TLS, and encrypts nothing: data stays readable for the test.
// Everything is kept in memory until it is deleted.
package s3test
