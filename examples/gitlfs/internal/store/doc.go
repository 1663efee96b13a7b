// Package store is the server's memory in SQL: which repository has which object, where in
// S3 the content is, locks, users and their rights.
//
// In come names that the callers have validated (no NUL, valid UTF-8); out go rows and the
// errors of retry.go. The same statements run on PostgreSQL and SQLite.
//
// Invariants:
//
//   - A row in objects says that the bytes are in S3 under its key; it is written after them.
//   - An S3 key belongs to one upload and is never written again. So nothing that is deleted
//     can be something that has just been stored.
//   - Every write may be repeated: a commit whose answer was lost does no harm. The calls
//     repeat themselves for as long as [Options.Patience], through lost connections, failovers
//     and serialisation failures.
//   - bytes of a repository is the sum of the sizes of its references, since both change in
//     one transaction.
//
// Libraries: database/sql with pgx (the driver that is kept best) and modernc SQLite (no C
// compiler); goose, which embeds migrations.
//
// Files: open.go (connections), migrate.go, retry.go, objects.go, gc.go, locks.go, users.go.
package store
