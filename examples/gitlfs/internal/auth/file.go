package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// A File is a Source over a JSON file, which is read again when it has changed:
//
//	{
//	  "users":  {"ann": {"bcrypt": "$2a$10$…", "grants": {"acme/*": "write"}}},
//	  "tokens": {"<sha-256>": {"user": "ann", "most": "read", "expires": "2027-01-01T00:00:00Z"}},
//	  "everybody": {"acme/open": "read"}
//	}
type File struct{ watched[fileUsers] }

type fileUsers struct {
	Users map[string]struct {
		Bcrypt string            `json:"bcrypt"`
		Grants map[string]string `json:"grants"`
	} `json:"users"`
	Tokens map[string]struct {
		User    string    `json:"user"`
		Most    string    `json:"most"`
		Expires time.Time `json:"expires"`
	} `json:"tokens"`
	Everybody map[string]string `json:"everybody"`
}

// OpenFile reads a file of users.
func OpenFile(path string) (*File, error) {
	f := &File{watched[fileUsers]{path: path, check: checkUsers}}
	_, err := f.load()
	return f, err
}

func checkUsers(u *fileUsers) error {
	grants := func(of string, m map[string]string) error {
		for pattern, access := range m {
			if err := CheckPattern(pattern); err != nil {
				return fmt.Errorf("%s: %w", of, err)
			}
			if _, err := ParseAccess(access); err != nil {
				return fmt.Errorf("%s: %s: %w", of, pattern, err)
			}
		}
		return nil
	}
	for name, user := range u.Users {
		if err := grants(name, user.Grants); err != nil {
			return err
		}
	}
	for hash, t := range u.Tokens {
		if _, err := ParseAccess(t.Most); err != nil || len(hash) != 64 || hash != strings.ToLower(hash) {
			return fmt.Errorf("the token of %s: %q is no SHA-256 in lower case, or most is not read, write or admin", t.User, hash)
		}
	}
	return grants("everybody", u.Everybody)
}

// User implements Source.
func (f *File) User(_ context.Context, name string) (store.User, error) {
	all, err := f.load()
	if err != nil {
		return store.User{}, err
	}
	var u store.User
	if known, ok := all.Users[name]; ok && name != "" {
		u.Name, u.Bcrypt = name, known.Bcrypt
		u.Grants = appendGrants(u.Grants, known.Grants)
	}
	u.Grants = appendGrants(u.Grants, all.Everybody)
	return u, nil
}

// Token implements Source.
func (f *File) Token(ctx context.Context, sha256 string) (store.User, error) {
	all, err := f.load()
	if err != nil {
		return store.User{}, err
	}
	t, ok := all.Tokens[sha256]
	if !ok || !t.Expires.IsZero() && !time.Now().Before(t.Expires) {
		return store.User{}, nil
	}
	u, err := f.User(ctx, t.User)
	u.Most = t.Most
	return u, err
}

func appendGrants(list []store.Grant, m map[string]string) []store.Grant {
	for pattern, access := range m {
		list = append(list, store.Grant{Pattern: pattern, Access: access})
	}
	return list
}

// A watched file of JSON is read again when it has changed, which is looked for once in a
// while. A file that cannot be read any more, or is wrong, leaves what there was.
type watched[T any] struct {
	path  string
	check func(*T) error

	mu     sync.Mutex
	value  *T
	mtime  time.Time
	size   int64
	looked time.Time
}

const lookEvery = 5 * time.Second

func (w *watched[T]) load() (*T, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.value != nil && time.Since(w.looked) < lookEvery {
		return w.value, nil
	}
	w.looked = time.Now()
	fresh, err := w.read()
	if err != nil && w.value == nil {
		return nil, fmt.Errorf("auth: %s: %w", w.path, err)
	}
	if fresh != nil {
		w.value = fresh
	}
	return w.value, nil
}

// read returns nil if nothing has changed.
func (w *watched[T]) read() (*T, error) {
	info, err := os.Stat(w.path)
	if err != nil {
		return nil, err
	}
	if w.value != nil && info.ModTime().Equal(w.mtime) && info.Size() == w.size {
		return nil, nil
	}
	data, err := os.ReadFile(w.path)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(data, v); err != nil {
		return nil, err
	}
	if err := w.check(v); err != nil {
		return nil, err
	}
	w.mtime, w.size = info.ModTime(), info.Size()
	return v, nil
}
