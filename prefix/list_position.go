package prefix

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"
)

// Position returns a text by which a list can be continued behind e, by another
// process too: it goes into the ContinuationToken of an input that has the same
// Prefix and Delimiter. It stays valid when the bucket, the number of shards or the
// layouts change, since it is nothing but the place in the order of the original keys.
// It is not secret and not signed: whoever has one can make another, and see from there
// on what the Prefix lets be seen.
func (e Entry) Position() string {
	return position{e.Key, e.IsPrefix()}.String()
}

type position struct {
	key    string
	common bool
}

// The first byte makes room for other forms.
const (
	positionKey    = 'k'
	positionCommon = 'p'
)

func (p position) String() string {
	kind := byte(positionKey)
	if p.common {
		kind = positionCommon
	}
	return base64.RawURLEncoding.EncodeToString(append([]byte{kind}, p.key...))
}

// longestPosition is the number of bytes of the position of the longest key.
var longestPosition = base64.RawURLEncoding.EncodedLen(1 + MaxKeyLen)

// parsePosition returns what s is the position of. Positions come back from web pages,
// so s may be anything: only what String returns for something that can be a key of S3
// is taken.
func parsePosition(s string) (position, error) {
	bad := errors.New("prefix: ContinuationToken is not the Position of an Entry")
	if len(s) > longestPosition {
		return position{}, bad
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 2 || b[0] != positionKey && b[0] != positionCommon {
		return position{}, bad
	}
	p := position{string(b[1:]), b[0] == positionCommon}
	if !utf8.ValidString(p.key) || p.String() != s { // base64 skips line breaks
		return position{}, bad
	}
	return p, nil
}

// of reports whether p may be in a list with this prefix and this delimiter: a position
// of another list would hide keys without an error.
func (p position) of(prefix, delim string) bool {
	rest, ok := strings.CutPrefix(p.key, prefix)
	if !ok || delim == "" {
		return ok && !p.common
	}
	end := strings.Index(rest, delim)
	if !p.common {
		return end < 0
	}
	return end >= 0 && end+len(delim) == len(rest)
}
