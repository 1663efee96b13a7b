// Package transfer moves whole objects, streams and files between S3 and memory of a pool.
//
//	c := transfer.New(s3Client)
//	object, err := c.Get(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
//	if err != nil {
//		return err
//	}
//	defer object.Release()
//	use(object.Bytes())
//
// [Client.Get] fetches into memory, [Client.Open] returns a stream, [Client.Download]
// writes to a file, [Client.Put] uploads a body of any kind, [Client.Head] asks for headers.
// Downloads are checked against the object's checksum, whatever ranges they came in, and
// continued where they break. Uploads carry a checksum of the whole object.
//
// Memory is of Options.Pool. Get waits for the pool's budget once, for the size of the
// object. Download holds a block of 1 MiB for each request. A [Reader] uses what the budget
// has for reading ahead, half of it at most, and goes on without. Put holds memory for
// streams only.
//
// CRC64NVME, S3's default, CRC32C and CRC32 are put together from ranges, SHAs are computed
// in order, composite checksums by the parts of the upload. [Verification] says what was
// checked, or why nothing could be. Wrong bytes are [ErrIntegrity]. A Reader reports them
// instead of io.EOF: whoever stops before the end calls [Reader.Verify].
//
// # Invariants
//
//   - When a call returns, no goroutine of it runs and nobody touches its memory, but for a
//     stuck Read of a body (see Put).
//   - All requests of a download are for the version that the first one answered with.
//   - A byte is received once: a body that breaks is continued behind its last byte.
//   - Whoever waits for memory under a budget holds none of it.
//
// # Files
//
// One file a call: get.go, open.go, download.go, put.go, head.go. options.go, api.go,
// errors.go, event.go and httpclient.go are the rest of the API. The engine of downloads is
// download_transfer.go (what the first answer says), download_split.go (parts and helpers),
// download_stream.go (one range over as many requests as it takes), download_verify.go and
// open_ahead.go (reading ahead). That of uploads is put_multipart.go, put_stream.go,
// put_checksum.go, put_requests.go and put_resume.go.
package transfer
