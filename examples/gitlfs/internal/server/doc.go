// Package server speaks HTTP: Git LFS's batch, basic transfer, verify and locking APIs.
//
// A request comes in, is given an id, authorised and read; it becomes calls of packages store
// and content; out goes JSON, or an object's bytes. Routing is net/http's ServeMux, whose
// patterns are also the labels of metrics.
//
// Invariants:
//
//   - Every failure is JSON with a message and the request's id. What went wrong inside stays
//     in the log.
//   - git-lfs takes 5xx to batch, verify and locks as final. So where waiting or coming again
//     can help, these wait, and then answer 429 with Retry-After.
//   - No byte of an upload is read before its token has been checked.
//   - Who has not shown the bytes gets no reference to them.
//   - A client that moves is never cut off: deadlines roll with its progress.
//
// Files: server.go (routes), call.go (one request), problem.go (failures), access.go,
// request.go (what is read of one), batch.go, upload.go, download.go, verify.go, locks.go,
// places.go (concurrency), progress.go (deadlines), drain.go (stopping).
package server
