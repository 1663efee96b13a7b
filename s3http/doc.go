// Package s3http is both directions of an HTTP handler: [Serve] answers a request with an
// object, [Receive] puts the body of a request into S3.
//
//	http.HandleFunc("GET /{key...}", func(w http.ResponseWriter, r *http.Request) {
//		key := r.PathValue("key")
//		err := s3http.Serve(w, r, client, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
//		if err != nil {
//			log.Print(err) // the response has been dealt with
//		}
//	})
//
// A request comes in, is read once (what it wants: serve_conditions.go), becomes a transfer
// of package transfer, and the object's bytes go from the buffers they arrive in, under a
// budget through a block of 32 KiB, to the ResponseWriter. The other way, the body goes through the digests that came with it into
// transfer.Client.Put.
//
// Invariants:
//
//   - Serve answers every request once (TestServeTable). Receive answers once if it returns an
//     error, and otherwise leaves the response to the caller (TestReceiveErrors).
//   - A body that turns out wrong is broken off before its end (TestServeBreaks).
//   - What S3 says beyond a status stays in the error, for the log (TestServeSDKErrors).
//   - Nothing touches the response or its connection when the call has returned
//     (TestCancelHTTP2, TestDeadlineOfTheNext).
//
// Files: serve.go, serve_conditions.go (RFC 9110: ranges, 304, 412), serve_header.go,
// serve_answer.go, receive.go, receive_digest.go, status.go, after.go (what happens when the
// context ends), options.go.
package s3http
