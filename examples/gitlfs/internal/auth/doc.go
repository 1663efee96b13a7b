// Package auth says who somebody is and what they may do.
//
// In come the credentials of a request and the name of a repository; out goes a [Grant]. An
// [Authorizer] decides: [Users] is the one that comes with the server, over a file or SQL. A
// service that has its users elsewhere writes its own (see the example).
//
// [Keys] signs what the server hands out itself: tokens for one operation on one object, and
// the sessions of gitlfs authenticate.
//
// Invariants:
//
//   - Who presents wrong credentials gets nothing, whatever is open to everybody: a client
//     must be told that its password is wrong.
//   - A repository that does not exist and one that somebody may not see look alike.
//
// Libraries: x/crypto/bcrypt for passwords, golang-jwt (the JWT library that is kept best)
// for tokens.
//
// Files: auth.go, users.go, file.go, cache.go, keys.go.
package auth
