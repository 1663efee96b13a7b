package prefix

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxShards is the most shards that a [Layout] may have: with more, a list would
// be nothing but requests for shards.
const MaxShards = 4096

// A Layout says what original keys become in S3.
type Layout struct {
	// Template is the key in S3: text, {shard}, text, {key}. Nothing may follow
	// {key}, or the shards could not be listed in order. Examples:
	//
	//	{shard}/{key}        8/20261122/host
	//	logs/{shard}/{key}   logs/8/20261122/host
	//	logs/{key}           logs/20261122/host, a plain layout
	//
	// Text before {shard} is not part of the original key. To have the shard inside
	// of keys that all begin with logs/, take logs/{shard}/{key} and leave logs/ out
	// of the originals.
	//
	// Empty means {shard}/{key}, or {key} if Shards is zero.
	Template string

	// Shards is the number of shards, 1 to MaxShards. Zero means a plain layout,
	// whose Template has no {shard}: keys that were written without a Spread.
	Shards int
}

const (
	shardField  = "{shard}"
	keyField    = "{key}"
	shardDigits = "0123456789abcdef"
)

// A layout is a Layout that has been checked.
type layout struct {
	head   string // before the shard, or before the key if there is none
	sep    string // between shard and key
	width  int    // digits of a shard
	shards int
}

func (l Layout) parse() (layout, error) {
	wrong := func(why string) (layout, error) {
		return layout{}, fmt.Errorf("prefix: Layout{Template: %q, Shards: %d}: %s", l.Template, l.Shards, why)
	}
	if l.Shards < 0 || l.Shards > MaxShards {
		return wrong(fmt.Sprintf("Shards must be 0 to %d", MaxShards))
	}
	if l.Template == "" && l.Shards > 0 {
		l.Template = shardField + "/" + keyField
	} else if l.Template == "" {
		l.Template = keyField
	}
	text, ok := strings.CutSuffix(l.Template, keyField)
	if !ok {
		return wrong("Template must end in {key}")
	}
	head, sep, has := strings.Cut(text, shardField)
	switch {
	case has && l.Shards == 0:
		return wrong("Template has a {shard}, Shards must not be 0")
	case !has && l.Shards > 0:
		return wrong("Template must have a {shard}")
	case strings.ContainsAny(head+sep, "{}"):
		return wrong("Template may have one {shard}, one {key}, and no other braces")
	case !utf8.ValidString(text):
		return wrong("Template must be UTF-8")
	}
	parsed := layout{head: head, sep: sep, shards: l.Shards}
	if has {
		parsed.width = len(fmt.Sprintf("%x", l.Shards-1))
	}
	if parsed.fixed() >= MaxKeyLen {
		return wrong("Template leaves no room for a key")
	}
	return parsed, nil
}

func (l layout) String() string {
	if l.shards == 0 {
		return l.head + keyField
	}
	return fmt.Sprintf("%s%s%s%s, %d shards", l.head, shardField, l.sep, keyField, l.shards)
}

// fixed is the number of bytes before the original key.
func (l layout) fixed() int { return len(l.head) + l.width + len(l.sep) }

// shard is the contract in the documentation of Spread.
func (l layout) shard(key string) int {
	var buf [MaxKeyLen]byte // no allocation for any key of S3
	sum := sha256.Sum256(append(buf[:0], key...))
	return int(binary.BigEndian.Uint64(sum[:]) % uint64(l.shards))
}

// root is what all keys of a shard begin with.
func (l layout) root(shard int) string {
	return string(l.appendRoot(make([]byte, 0, l.fixed()), shard))
}

func (l layout) appendRoot(b []byte, shard int) []byte {
	b = append(b, l.head...)
	for i := l.width - 1; i >= 0; i-- {
		b = append(b, shardDigits[shard>>(4*i)&15])
	}
	return append(b, l.sep...)
}

func (l layout) place(key string) string {
	if l.shards == 0 {
		return l.head + key
	}
	var buf [256]byte // most keys fit, so that the result is the only allocation
	return string(append(l.appendRoot(buf[:0], l.shard(key)), key...))
}

// roots returns the roots of all shards.
func (l layout) roots() []string {
	list := make([]string, max(1, l.shards))
	for i := range list {
		list[i] = l.root(i)
	}
	return list
}

// cut takes a key of a sharded layout apart. It reports false for one of another
// form. It does not look whether the shard is that of the key.
func (l layout) cut(s3Key string) (key string, shard int, ok bool) {
	if len(s3Key) < l.fixed() || s3Key[:len(l.head)] != l.head {
		return "", 0, false
	}
	rest := s3Key[len(l.head):]
	for _, c := range []byte(rest[:l.width]) {
		d := strings.IndexByte(shardDigits, c)
		if d < 0 {
			return "", 0, false
		}
		shard = shard<<4 | d
	}
	key, ok = strings.CutPrefix(rest[l.width:], l.sep)
	if !ok || shard >= l.shards {
		return "", 0, false
	}
	return key, shard, true
}

// conflict says why l and other cannot be told apart by the keys in S3, if so.
func (l layout) conflict(other layout) string {
	switch {
	case l.shards > 0 && other.shards > 0 &&
		l.head == other.head && l.width == other.width && l.sep == other.sep:
		return "" // whichever put it there, a key in S3 has one original
	case !l.compatible(other):
		return ""
	case l.shards > 0 && other.shards > 0:
		return "a key could be of either; give one of them a text of its own"
	case l.shards == 0 && other.shards == 0:
		return "both are plain, and the keys of one are among those of the other"
	}
	plain, sharded := l, other
	if l.shards > 0 {
		plain, sharded = other, l
	}
	if plain.fixed() >= sharded.fixed() {
		return "all plain keys could be sharded ones"
	}
	return ""
}

// compatible reports whether there are keys that may begin with the fixed part of
// both layouts.
func (l layout) compatible(other layout) bool {
	for i := range min(l.fixed(), other.fixed()) {
		a, aDigit := l.at(i)
		b, bDigit := other.at(i)
		switch {
		case aDigit && bDigit:
		case aDigit && strings.IndexByte(shardDigits, b) < 0,
			bDigit && strings.IndexByte(shardDigits, a) < 0,
			!aDigit && !bDigit && a != b:
			return false
		}
	}
	return true
}

// at returns byte i of the fixed part, or that it is a digit.
func (l layout) at(i int) (c byte, digit bool) {
	if i < len(l.head) {
		return l.head[i], false
	}
	if i -= len(l.head); i < l.width {
		return 0, true
	}
	return l.sep[i-l.width], false
}
