package auth

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Keys signs tokens. All replicas share its file:
//
//	{"keys": [{"id": "2026-11", "secret": "<base64 of 32 bytes or more>"}]}
//
// The first key signs, every one is accepted. To rotate: append the new key, wait until every
// replica has read the file (five seconds), make it the first, and remove the old one when
// its last token has expired.
type Keys struct{ watched[keyFile] }

type keyFile struct {
	Keys []signingKey `json:"keys"`
}

type signingKey struct {
	ID     string `json:"id"`
	Secret []byte `json:"secret"` // base64 in JSON
}

const minSecret = 32

// OpenKeys reads a file of keys.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{watched[keyFile]{path: path, check: checkKeys}}
	_, err := k.load()
	return k, err
}

// MakeKeys writes a file with one random key, unless there is one.
func MakeKeys(path string) error {
	data, err := json.MarshalIndent(keyFile{[]signingKey{NewKey()}}, "", "  ")
	if err != nil {
		return err
	}
	// Linked into place, so that two who start at once agree.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// NewKey returns a random key.
func NewKey() signingKey {
	k := signingKey{ID: time.Now().UTC().Format("20060102-") + rand.Text()[:4], Secret: make([]byte, minSecret)}
	rand.Read(k.Secret)
	return k
}

func checkKeys(f *keyFile) error {
	if len(f.Keys) == 0 {
		return errors.New("no keys")
	}
	seen := map[string]bool{}
	for _, k := range f.Keys {
		if k.ID == "" || len(k.Secret) < minSecret || seen[k.ID] {
			return fmt.Errorf("the key %q: it needs an id of its own and a secret of %d bytes or more", k.ID, minSecret)
		}
		seen[k.ID] = true
	}
	return nil
}

// What a token is for.
const (
	ForUpload   = "upload"   // PUT of one object
	ForDownload = "download" // GET of one object
	ForVerify   = "verify"   // verify of one object
	ForSession  = "session"  // everything else, as after gitlfs authenticate
)

// Claims is what a token says. The fields that its purpose does not need are empty.
type Claims struct {
	For        string `json:"for"`
	Repository string `json:"repo"` // its name
	ID         string `json:"rid,omitempty"`
	OID        string `json:"oid,omitempty"`
	Size       int64  `json:"size,omitempty"`
	Key        string `json:"key,omitempty"`    // of a presigned upload: where it is staged
	Access     string `json:"access,omitempty"` // of a session
	jwt.RegisteredClaims
}

// Sign returns a token that is good for a while, for the user given.
func (k *Keys) Sign(c Claims, user string, ttl time.Duration) (string, error) {
	f, err := k.load()
	if err != nil {
		return "", err
	}
	c.Subject, c.ExpiresAt = user, jwt.NewNumericDate(time.Now().Add(ttl))
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	t.Header["kid"] = f.Keys[0].ID
	return t.SignedString(f.Keys[0].Secret)
}

// Verify returns what a token says, if one of the keys has signed it and it has not expired.
func (k *Keys) Verify(token string) (Claims, error) {
	f, err := k.load()
	if err != nil {
		return Claims{}, err
	}
	var c Claims
	_, err = jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		for _, key := range f.Keys {
			if t.Header["kid"] == key.ID {
				return key.Secret, nil
			}
		}
		return nil, errors.New("no such key")
	}, jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired())
	if err != nil {
		return Claims{}, fmt.Errorf("auth: %w", err)
	}
	return c, nil
}
