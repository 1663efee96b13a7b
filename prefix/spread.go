package prefix

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxKeyLen is the number of bytes, in UTF-8, in the longest key that S3 takes.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const MaxKeyLen = 1024

// ErrKeyTooLong is in the error when a key and its shard together have more than
// [MaxKeyLen] bytes.
var ErrKeyTooLong = errors.New("key too long")

// A Spread puts a shard in front of keys, so that keys that begin alike, such as
// those of one day, lie all over the bucket: a date that changes changes nothing
// about which of S3's partitions get how much. With ten shards the key
// 20261122/host-7/access.log becomes 9/20261122/host-7/access.log. [Spread.List] lists
// the shards in the order of the original keys.
//
// # The contract
//
// What Key returns is stored for ever, so it does not change (TestSpreadGolden). The shard of a key is
//
//	the first eight bytes of the SHA-256 of the original key,
//	as a big-endian number, modulo the number of shards,
//	in hexadecimal, lower case, with as many digits as the last shard needs
//
// so that 10 and 16 shards have one digit and 256 have two. SHA-256 because every
// language and every shell has it, since other programs may have to find the objects
// too; because it spreads all keys evenly, also those that count up or that somebody
// else chooses (FNV-1a does not spread counters over 1,000 shards, nor CRC-32 dates
// and hosts over 16, when tested as TestSpreadUniform does); and because 0.2 µs are
// nothing beside a request.
//
// # How many shards
//
// One for each partition that the load needs, by the limits of S3: 3,500 writes and
// 5,500 reads per second each. A list asks every shard, so that it costs at least
// one request per shard; there is nothing to gain from many more.
// S3 makes the partitions under load, in 30 to 60 minutes, once: the first load
// of a new layout is as slow as the first load of any new prefix.
//
// # Changing the layout
//
// Tell the Spread of the layouts in which older objects were written, plain keys
// among them, and it finds those too:
//
//   - GET, HEAD: ask for the keys of [Spread.Lookup] in turn, until one is there.
//   - PUT: to [Spread.Key]. That object is newer than one under a former layout and
//     wins over it, in lists too. Nothing else has to be done.
//   - DELETE: all keys of Lookup, the last one first, or an older object would
//     come into view.
//   - LIST: [Spread.List] merges all layouts. Of an object that is in several it
//     lists the newest.
//
// To be done with a former layout, list, and for each Entry whose Generation is not
// 0 copy the object to its Key with If-None-Match: *, so that a PUT in the meantime
// is not undone; then delete the other keys of Lookup, of every Entry, the last one
// first. An object that is deleted at the moment when it is copied may come back.
// When the list has Generation 0 alone, drop the layout. All programs that read must
// know the new layout before the first one writes it.
//
// A Spread does not change after NewSpread; its methods may be called concurrently.
type Spread struct {
	layouts []layout // the newest first
}

// NewSpread returns a Spread that writes keys as now says and also finds those that
// were written as former says, which is the newest first.
//
// No two layouts may give two originals one key in S3. NewSpread refuses layouts
// that could, such as {shard}-{key} with 16 shards and {shard}{key} with 256.
// Layouts that differ in nothing but the number of shards never do.
//
// Of plain layouts it cannot know: next to {key} anything may be an original.
// There, a key that has the form of a sharded one is taken for one, so the text of
// Template must be chosen such that none of the old keys has this form.
func NewSpread(now Layout, former ...Layout) (*Spread, error) {
	s := &Spread{}
	for i, l := range append([]Layout{now}, former...) {
		parsed, err := l.parse()
		if err != nil {
			return nil, err
		}
		for j, other := range s.layouts {
			if why := parsed.conflict(other); why != "" {
				return nil, fmt.Errorf("prefix: layouts %d (%s) and %d (%s): %s", j, other, i, parsed, why)
			}
		}
		s.layouts = append(s.layouts, parsed)
	}
	return s, nil
}

// Key returns the key in S3 under which to write the object whose original key is
// key. It fails if key is empty or not UTF-8, with [ErrKeyTooLong] if the result
// would be too long for S3, and, where the layout is plain, if the result would be
// taken for a key of a former, sharded layout.
func (s *Spread) Key(key string) (string, error) {
	return s.key(0, key)
}

// Lookup returns the keys in S3 where the object whose original key is key may be,
// the newest layout first, without those that cannot be keys. There is one unless
// the Spread has former layouts.
func (s *Spread) Lookup(key string) []string {
	list := make([]string, 0, len(s.layouts))
next:
	for g := range s.layouts {
		k, err := s.key(g, key)
		if err != nil {
			continue
		}
		for _, have := range list { // two numbers of shards may agree on a key
			if have == k {
				continue next
			}
		}
		list = append(list, k)
	}
	return list
}

// key returns where generation g keeps key.
func (s *Spread) key(g int, key string) (string, error) {
	l := s.layouts[g]
	switch n := l.fixed() + len(key); {
	case key == "":
		return "", errors.New("prefix: empty key")
	case n > MaxKeyLen:
		return "", fmt.Errorf("prefix: %w: %d bytes and %d of %s, S3 takes %d", ErrKeyTooLong, len(key), l.fixed(), l, MaxKeyLen)
	case !utf8.ValidString(key):
		return "", fmt.Errorf("prefix: key %q is not UTF-8", key)
	}
	k := l.place(key)
	if l.shards == 0 && s.sharded(k) {
		return "", fmt.Errorf("prefix: plain key %q has the form of a sharded one", k)
	}
	return k, nil
}

// Original returns the original key of the object that has s3Key in S3. It reports
// false if no layout puts an object there.
func (s *Spread) Original(s3Key string) (key string, ok bool) {
	key, _, ok = s.resolve(s3Key)
	return key, ok && key != ""
}

// resolve returns the original of s3Key and the newest generation that puts it there.
func (s *Spread) resolve(s3Key string) (key string, generation int, ok bool) {
	if !possible(s3Key) {
		return "", 0, false
	}
	formed := false
	for g, l := range s.layouts {
		if l.shards == 0 {
			continue
		}
		key, shard, ok := l.cut(s3Key)
		if ok && shard == l.shard(key) {
			return key, g, true
		}
		formed = formed || ok
	}
	if formed {
		return "", 0, false
	}
	for g, l := range s.layouts {
		if l.shards == 0 && len(s3Key) >= len(l.head) && s3Key[:len(l.head)] == l.head {
			return s3Key[len(l.head):], g, true
		}
	}
	return "", 0, false
}

// possible reports whether S3 can have an object with this key. Other stores may have
// objects without one, which Key puts nowhere either.
func possible(s3Key string) bool { return len(s3Key) <= MaxKeyLen && utf8.ValidString(s3Key) }

// sharded reports whether s3Key, or the common prefix of keys that it may be, has
// the form of a sharded layout.
func (s *Spread) sharded(s3Key string) bool {
	for _, l := range s.layouts {
		if l.shards > 0 {
			if _, _, ok := l.cut(s3Key); ok {
				return true
			}
		}
	}
	return false
}

// mayShard reports whether sharded keys may begin with s3Prefix.
func (s *Spread) mayShard(s3Prefix string) bool {
	for _, l := range s.layouts {
		if l.shards > 0 && l.compatible(layout{head: s3Prefix}) {
			return true
		}
	}
	return false
}
