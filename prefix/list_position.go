package prefix

import (
	"encoding/base64"
	"errors"
)

// Position returns a text by which a list can be continued behind e, by another
// process too: it goes into the ContinuationToken of an input that has the same
// Prefix and Delimiter. It stays valid when the bucket, the number of shards or the
// layouts change, since it is nothing but the place in the order of the original keys.
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

func parsePosition(s string) (position, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 2 || b[0] != positionKey && b[0] != positionCommon {
		return position{}, errors.New("prefix: ContinuationToken is not the Position of an Entry")
	}
	return position{string(b[1:]), b[0] == positionCommon}, nil
}
