// Package cli is the program: flags, environment, and what each command puts together.
//
// Files: cli.go (commands), deps.go (database, S3, users), serve.go, firstrun.go,
// authenticate.go, admin.go (users, tokens, grants), gc.go, fsck.go.
//
// Library: kong, which makes flags, environment variables and help of one struct.
package cli
