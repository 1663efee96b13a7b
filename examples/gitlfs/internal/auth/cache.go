package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// A cache knows credentials that were right a moment ago, by a keyed hash: memory that
// somebody reads holds no passwords. Failures are not kept.
type cache struct {
	ttl time.Duration
	key [32]byte

	mu      sync.Mutex
	entries map[[32]byte]entry
}

type entry struct {
	user    store.User
	expires time.Time
}

// maxEntries bounds the memory. A full cache drops what has expired, or else everything.
const maxEntries = 10_000

func newCache(ttl time.Duration) *cache {
	c := &cache{ttl: ttl, entries: map[[32]byte]entry{}}
	rand.Read(c.key[:])
	return c
}

func (c *cache) get(cred Credentials) (store.User, bool) {
	id := c.id(cred)
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	if !ok || !time.Now().Before(e.expires) {
		return store.User{}, false
	}
	return e.user, true
}

func (c *cache) put(cred Credentials, user store.User) {
	id, now := c.id(cred), time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxEntries {
		for k, e := range c.entries {
			if !now.Before(e.expires) {
				delete(c.entries, k)
			}
		}
		if len(c.entries) >= maxEntries {
			clear(c.entries)
		}
	}
	c.entries[id] = entry{user, now.Add(c.ttl)}
}

func (c *cache) id(cred Credentials) (id [32]byte) {
	h := hmac.New(sha256.New, c.key[:])
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(cred.User)))
	h.Write(n[:])
	h.Write([]byte(cred.User))
	h.Write([]byte(cred.Password))
	if cred.Given {
		h.Write([]byte{1})
	}
	h.Sum(id[:0])
	return id
}
