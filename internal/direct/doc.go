// Package direct makes the data requests of an *s3.Client at the price of net/http.
//
// What comes in is the SDK's: an *s3.Client with everything that it was configured with, the
// SDK's inputs, and functional options of a call. What goes out is the SDK's: requests that
// are equal on the wire, outputs, metadata and errors. In between stands one attempt that is
// put together, signed, sent and read here. It costs a fifth of the SDK's call.
//
// Three rules make that safe:
//
//   - What is not known goes through the SDK. Every setting of s3.Options has been decided on
//     (settings.go, TestEverySettingIsDecided); a client with any other has the SDK's call.
//   - The first request of each kind is rehearsed (rehearse.go): the SDK makes it, against an
//     HTTP client that only looks. What is constant is taken from there, the endpoint and the
//     user agent among it. Then ours is compared with it, signature included; if it differs,
//     requests of that kind go through the SDK.
//   - Only success is ours. An attempt that fails, in whatever way, is handed to the SDK's own
//     call as its first one (handover.go): errors, retries, quotas, backoff and the clock's
//     correction are the SDK's.
//
// Client.Stats says how many calls took which way, and why.
package direct
