package crc_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

func TestChoose(t *testing.T) {
	data := []byte("123456789")
	full := func(a crc.Algorithm) string { return naiveFull(a, data) }
	comp := func(a crc.Algorithm) string { return naiveComposite(a, data, []int64{5, 4}) }
	every := crc.Sent{
		CRC32: full(crc.CRC32), CRC32C: full(crc.CRC32C), CRC64NVME: full(crc.CRC64NVME),
		SHA1: full(crc.SHA1), SHA256: full(crc.SHA256), SHA512: full(crc.SHA512),
	}
	for name, c := range map[string]struct {
		sent   crc.Sent
		want   string
		alg    crc.Algorithm
		reason string
	}{
		"every":           {sent: every, alg: crc.CRC64NVME, want: full(crc.CRC64NVME)},
		"full":            {sent: crc.Sent{CRC32: full(crc.CRC32), Type: "FULL_OBJECT"}, alg: crc.CRC32, want: full(crc.CRC32)},
		"no type":         {sent: crc.Sent{SHA256: full(crc.SHA256)}, alg: crc.SHA256, want: full(crc.SHA256)},
		"composite":       {sent: crc.Sent{CRC32: comp(crc.CRC32), Type: "COMPOSITE"}, alg: crc.CRC32, want: comp(crc.CRC32)},
		"full CRC first":  {sent: crc.Sent{CRC32C: comp(crc.CRC32C), CRC32: full(crc.CRC32)}, alg: crc.CRC32, want: full(crc.CRC32)},
		"CRC before SHA":  {sent: crc.Sent{SHA256: full(crc.SHA256), CRC32: comp(crc.CRC32)}, alg: crc.CRC32, want: comp(crc.CRC32)},
		"full SHA first":  {sent: crc.Sent{SHA256: comp(crc.SHA256), SHA1: full(crc.SHA1)}, alg: crc.SHA1, want: full(crc.SHA1)},
		"composite SHA":   {sent: crc.Sent{SHA512: comp(crc.SHA512)}, alg: crc.SHA512, want: comp(crc.SHA512)},
		"bad one skipped": {sent: crc.Sent{CRC64NVME: "x", CRC32C: full(crc.CRC32C)}, alg: crc.CRC32C, want: full(crc.CRC32C)},
		"none":            {reason: "the store sent no checksum"},
		"other":           {sent: crc.Sent{Other: "XXHASH3"}, reason: "the object has only a checksum of a kind that cannot be verified here: XXHASH3"},
		"bad":             {sent: crc.Sent{CRC32: "x"}, reason: `CRC32 checksum "x": has 1 characters, needs 8`},
		"parts unknown":   {sent: crc.Sent{CRC32: "AAAAAA==", Type: "COMPOSITE"}, reason: "CRC32 checksum AAAAAA== is composite, but does not say of how many parts"},
		"two bad":         {sent: crc.Sent{CRC32: "x", CRC32C: "y"}, reason: `CRC32C checksum "y": has 1 characters, needs 8; CRC32 checksum "x": has 1 characters, needs 8`},
	} {
		t.Run(name, func(t *testing.T) {
			v, reason := c.sent.Choose()
			require.Equal(t, c.reason, reason)
			require.Equal(t, c.alg, v.Algorithm)
			require.Equal(t, c.want, v.String())
		})
	}
}

// FuzzChoose: there is a checksum or a reason, never both.
func FuzzChoose(f *testing.F) {
	f.Add("AAAAAA==", "", "rosUhgp5mIg=", "", "FULL_OBJECT", "")
	f.Add("AAAAAA==-2", "", "", "", "COMPOSITE", "MD5")
	f.Fuzz(func(t *testing.T, crc32, crc32c, crc64, sha1, kind, other string) {
		s := crc.Sent{CRC32: crc32, CRC32C: crc32c, CRC64NVME: crc64, SHA1: sha1, Type: kind, Other: other}
		v, reason := s.Choose()
		require.Equal(t, v.Algorithm == crc.None, reason != "")
	})
}
