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
// Downloads are checked against the object's checksum, if it has one, whatever ranges they came
// in, and continued where they break, if the store tells versions apart. Uploads carry a checksum of the whole object.
//
// Memory is of Options.Pool. Get waits for the pool's budget, for the size of the object,
// and a Put of a stream for one part at a time. The others do not wait: Download writes from a
// block of up to 1 MiB for each request, or of 32 KiB outside the budget, and a [Reader] uses
// what the budget has for reading ahead, half of it at most, and goes on without. Requests are
// bounded for the whole Client by Options.MaxRequests.
//
// CRC64NVME, S3's default, CRC32C and CRC32 are put together from ranges, SHAs are computed
// in order, composite checksums by the parts of the upload. [Verification] says what was
// checked, or why nothing could be. Bytes that do not match are [ErrIntegrity]. A Reader keeps
// its last bytes back until all are verified: whoever stops before the end calls
// [Reader.Verify].
//
// Requests for bytes and headers of objects take the direct path where the *s3.Client's settings
// allow it: they are the SDK's on the wire, and so are outputs, errors and retries, for a fifth
// of the CPU time. [Stats] tells how many did, and why others did not; Options.NoDirect turns it
// off.
//
// # How long a call takes at worst
//
// For a store that does the same for ever, with the SDK's retryer and the options' zeros; a
// context ends it sooner, and then the error names the last cause and the number of requests
// that failed. TestWorstCases holds it.
//
//	                                          503 from then on    silent from then on
//	Get, Open, Download: the first request    3 requests, 10 s    3.5 minutes
//	Get, Open, Download: later, or in a body  11 requests, 20 s   3.5 minutes
//	Head                                      3 requests, 10 s    3.5 minutes
//	Put in one request                        3 requests, 10 s    3.5 minutes
//	Put in parts: its beginning, a part       11 requests, 20 s   3.5 minutes
//	Put in parts: its end                     11 requests, 20 s   9.5 minutes
//
// A Put that fails then aborts its upload: for a minute at most. S3 may keep the answer to
// the end of an upload open for as long as it sends blanks. Each further StallTimeout is one
// of nine tries.
//
// # Invariants
//
//   - When a call returns, no goroutine of it runs and nobody touches its memory
//     (TestOwnershipOfPut, TestAdversary), but for a stuck Read of a body (TestPutStuckBody).
//     One thing goes on behind a call: a Put whose context has ended has its upload aborted,
//     in a goroutine that [Client.Close] waits for (TestPutReturnsWhenContextEnds).
//   - The first answer is compared with the question (TestQuirksOfStores), and all other
//     requests of a download are for its version (TestOneVersion).
//   - A body that breaks is continued behind its last byte (TestClientResumes). Bytes are
//     fetched twice where a Reader has read ahead and somebody else needs the memory, and where
//     Get has to begin anew for want of it.
//   - Whoever waits for memory holds no memory that another who waits needs, and no place and
//     no connection; whoever waits for a place holds no other (the tests are those of
//     standstill_test.go and TestAdversary; ARCHITECTURE.md has the proof).
//
// # Files
//
// One file a call: get.go, open.go (and open_writeto.go), download.go, put.go, head.go. options.go, api.go,
// errors.go, event.go, object.go and httpclient.go are the rest of the API. The engine of
// downloads is download_transfer.go (one transfer), download_answer.go (answers against their
// questions), download_version.go (one version), download_split.go (parts and helpers),
// download_stream.go (one range over as many requests as it takes), download_verify.go,
// download_parts.go (composite checksums), download_preallocate.go (a file's blocks) and
// open_ahead.go (reading ahead). That of uploads is put_multipart.go, put_stream.go,
// put_memory.go, put_checksum.go, put_requests.go, put_resume.go, put_landed.go (what to
// believe when an answer was lost) and put_abort.go. Every request goes through flights.go
// (its place), watch.go (silence), guard.go (the SDK's attempts), objects.go
// (the direct path), retry.go and retry_what.go; ask.go is for those that have no
// body to read, and behind.go for what goes on when a Put has returned.
package transfer
