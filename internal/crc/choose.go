package crc

import "strings"

// Sent holds the checksums that came with an object, as S3 wrote them; empty
// where there is none. The fields are named after GetObjectOutput's.
type Sent struct {
	CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512 string

	// Type is "FULL_OBJECT", "COMPOSITE", or empty. For a request of one part,
	// which some stores answer with the part's own checksum, leave it empty.
	Type string

	// Other names what else came, such as "MD5" or "XXHASH3", for the reason.
	Other string
}

// preference is the order among checksums of one kind. The CRCs, which ranges
// in any order can give, come before the SHAs, which take bytes in order.
var preference = [...]Algorithm{CRC64NVME, CRC32C, CRC32, SHA256, SHA512, SHA1}

// Choose returns the checksum to verify: a CRC of the full object, else a
// composite CRC, else a SHA, which takes the bytes in order. If there is none
// to verify, the zero Value and the reason, in words for a user.
func (s *Sent) Choose() (v Value, reason string) {
	var best Value
	rank := 4 // of best: full CRC, composite CRC, full SHA, composite SHA
	var bad []string
	for _, a := range preference {
		text := s.text(a)
		if text == "" {
			continue
		}
		sent, err := Parse(a, text)
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		if !sent.Composite() && s.Type == "COMPOSITE" {
			bad = append(bad, a.String()+" checksum "+text+" is composite, but does not say of how many parts")
			continue
		}
		r := 0
		if sent.Composite() {
			r++
		}
		if !a.Parallel() {
			r += 2
		}
		if r < rank {
			best, rank = sent, r
		}
	}
	switch {
	case best.Algorithm != None:
		return best, ""
	case len(bad) > 0:
		return Value{}, strings.Join(bad, "; ")
	case s.Other != "":
		return Value{}, "the object has only a checksum of a kind that cannot be verified here: " + s.Other
	}
	return Value{}, "the store sent no checksum"
}

// text returns what was sent for a.
func (s *Sent) text(a Algorithm) string {
	switch a {
	case CRC32:
		return s.CRC32
	case CRC32C:
		return s.CRC32C
	case CRC64NVME:
		return s.CRC64NVME
	case SHA1:
		return s.SHA1
	case SHA256:
		return s.SHA256
	case SHA512:
		return s.SHA512
	}
	return ""
}
