// Package lfs is the wire format of Git LFS: what requests and responses look like in JSON,
// and what of a request is valid. It knows neither HTTP nor storage.
//
// The contract is docs/api of github.com/git-lfs/git-lfs, with its JSON schemas.
//
// Invariants: what has passed a check here can be stored in any database and put into a path
// (valid UTF-8, no NUL, bounded); lists are written as [], never as null; sizes are never
// negative.
package lfs
