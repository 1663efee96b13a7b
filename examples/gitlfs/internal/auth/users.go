package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// A Source knows users, by name or by the SHA-256 of a machine's token. *store.Store is one,
// and so is a [File]. Of unknown ones it returns no Bcrypt or no Name, and what everybody may do.
type Source interface {
	User(ctx context.Context, name string) (store.User, error)
	Token(ctx context.Context, sha256 string) (store.User, error)
}

// Users is an Authorizer over a Source. Passwords are hashed by bcrypt, since people choose
// them; tokens are random, so that SHA-256 does. Credentials that were right are believed for
// a minute: bcrypt takes 50 ms of a core, and each push asks many times.
type Users struct {
	src   Source
	cache *cache
	turns chan struct{} // bounds the cores that wrong passwords can keep busy
}

const (
	// TokenPrefix is what tokens begin with, so that one can be told from a password.
	TokenPrefix = "lfs_"

	believed = time.Minute
	// maxPassword is what bcrypt looks at.
	maxPassword = 72
	maxUserName = 255
)

// NewUsers returns an Authorizer over a Source.
func NewUsers(src Source) *Users {
	return &Users{src: src, cache: newCache(believed), turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))}
}

// Authorize implements Authorizer.
func (u *Users) Authorize(ctx context.Context, c Credentials, repository string) (Grant, error) {
	if !c.Given {
		user, err := u.everybody(ctx)
		return Grant{Access: access(user, repository)}, err
	}
	// The database would not take such a name, and nobody has it.
	if len(c.User) > maxUserName || !utf8.ValidString(c.User) || strings.ContainsRune(c.User, 0) {
		return Grant{}, ErrCredentials
	}
	user, ok := u.cache.get(c)
	if !ok {
		var err error
		if user, err = u.authenticate(ctx, c); err != nil {
			return Grant{}, err
		}
	}
	return Grant{User: user.Name, Access: access(user, repository)}, nil
}

// everybody returns what is open to all. It is kept for a minute too.
func (u *Users) everybody(ctx context.Context) (store.User, error) {
	if user, ok := u.cache.get(Credentials{}); ok {
		return user, nil
	}
	user, err := u.src.User(ctx, "")
	if err == nil {
		u.cache.put(Credentials{}, user)
	}
	return user, err
}

func (u *Users) authenticate(ctx context.Context, c Credentials) (store.User, error) {
	if strings.HasPrefix(c.Password, TokenPrefix) {
		user, err := u.src.Token(ctx, HashToken(c.Password))
		if err == nil && user.Name == "" {
			err = ErrCredentials
		}
		if err == nil {
			u.cache.put(c, user)
		}
		return user, err
	}
	user, err := u.src.User(ctx, c.User)
	if err != nil {
		return store.User{}, err
	}
	select {
	case u.turns <- struct{}{}:
		defer func() { <-u.turns }()
	case <-ctx.Done():
		return store.User{}, ctx.Err()
	}
	if user, ok := u.cache.get(c); ok {
		return user, nil // somebody else has asked the same meanwhile
	}
	hash := user.Bcrypt
	if hash == "" {
		hash = noHash() // an unknown user takes as long as a known one
	}
	if len(c.Password) > maxPassword || bcrypt.CompareHashAndPassword([]byte(hash), []byte(c.Password)) != nil || user.Bcrypt == "" {
		return store.User{}, ErrCredentials
	}
	u.cache.put(c, user)
	return user, nil
}

// noHash is a hash of a password that nobody knows.
var noHash = sync.OnceValue(func() string {
	hash, err := HashPassword(rand.Text())
	if err != nil {
		panic(err)
	}
	return hash
})

// Access implements Authorizer.
func (u *Users) Access(ctx context.Context, name, repository string) (Access, error) {
	user, err := u.src.User(ctx, name)
	if err != nil || user.Name == "" {
		return None, err
	}
	return access(user, repository), nil
}

// access returns the most that the user's grants give.
func access(u store.User, repository string) Access {
	most := None
	for _, g := range u.Grants {
		if a, err := ParseAccess(g.Access); err == nil && matches(g.Pattern, repository) {
			most = max(most, a)
		}
	}
	if bound, err := ParseAccess(u.Most); err == nil {
		most = min(most, bound)
	}
	return most
}

// HashPassword returns what is stored of a password.
func HashPassword(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	return string(hash), err
}

// NewToken returns a token for a machine.
func NewToken() string { return TokenPrefix + rand.Text() }

// HashToken returns what is stored of a token.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
