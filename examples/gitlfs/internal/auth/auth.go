package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// An Access is what somebody may do in a repository. Each includes those below.
type Access int

const (
	None  Access = iota
	Read         // fetch objects, list locks
	Write        // push objects, lock and unlock
	Admin        // release the locks of others, where the server asks for it
)

var accessNames = [...]string{"none", "read", "write", "admin"}

// String returns the word that stands for it in files and tables.
func (a Access) String() string { return accessNames[min(max(a, None), Admin)] }

// ParseAccess reads read, write or admin.
func ParseAccess(s string) (Access, error) {
	for a := Read; a <= Admin; a++ {
		if s == a.String() {
			return a, nil
		}
	}
	return None, fmt.Errorf("auth: %q is not read, write or admin", s)
}

// Credentials are those of HTTP's Basic scheme.
type Credentials struct {
	User, Password string
	Given          bool // a request may have none
}

// A Grant is who somebody is and what they may do in one repository.
type Grant struct {
	User   string // empty without credentials
	Access Access
}

// ErrCredentials is returned for credentials that are wrong.
var ErrCredentials = errors.New("auth: wrong credentials")

// An Authorizer decides. Its methods are called concurrently.
type Authorizer interface {
	// Authorize returns what somebody may do in a repository, which need not exist. Wrong
	// credentials are ErrCredentials; any other error means that nobody could tell now, and
	// makes the client come again. Credentials that are not Given ask what everybody may do.
	Authorize(ctx context.Context, c Credentials, repository string) (Grant, error)

	// Access returns what a user may do whom somebody else has authenticated: SSH.
	Access(ctx context.Context, user, repository string) (Access, error)
}

// matches reports whether a pattern (owner/repo, owner/* or *) is for a repository.
func matches(pattern, repository string) bool {
	if pattern == "*" || pattern == repository {
		return true
	}
	owner, ok := strings.CutSuffix(pattern, "/*")
	return ok && strings.HasPrefix(repository, owner+"/")
}

// CheckPattern reports what is wrong with a pattern.
func CheckPattern(pattern string) error {
	owner, repo, ok := strings.Cut(pattern, "/")
	if pattern == "*" || ok && owner != "" && owner != "*" && repo != "" && !strings.ContainsAny(repo, "/") {
		return nil
	}
	return fmt.Errorf("auth: the pattern %q is not owner/repo, owner/* or *", pattern)
}
