package crc_test

import (
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		alg   crc.Algorithm
		text  string
		crc   uint64
		parts int
	}{
		{crc.CRC32, "y/Q5Jg==", 0xcbf43926, 0},
		{crc.CRC32, "y/Q5Jg==-1", 0xcbf43926, 1},
		{crc.CRC32C, "4waSgw==-10000", 0xe3069283, 10000},
		{crc.CRC64NVME, "rosUhgp5mIg=", 0xae8b14860a799888, 0},
		{crc.CRC32C, "AAAAAA==", 0, 0},
	} {
		t.Run(c.text, func(t *testing.T) {
			v, err := crc.Parse(c.alg, c.text)
			require.NoError(t, err)
			require.Equal(t, c.crc, v.CRC())
			require.Equal(t, c.parts, v.Parts)
			require.Equal(t, c.parts > 0, v.Composite())
			require.Equal(t, c.text, v.String())
			if c.parts == 0 {
				require.Equal(t, v, crc.FromCRC(c.alg, c.crc))
			}
		})
	}
	for _, a := range all {
		digest := naiveDigest(a, []byte("123456789"))
		v, err := crc.Parse(a, naiveFull(a, []byte("123456789")))
		require.NoError(t, err)
		require.Equal(t, crc.FromDigest(a, digest), v)
	}
	require.Empty(t, crc.Value{}.String())
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		alg  crc.Algorithm
		text string
		says string
	}{
		"empty":               {crc.CRC32, "", "has 0 characters, needs 8"},
		"short":               {crc.CRC32, "y/Q5", "has 4 characters, needs 8"},
		"another algorithm's": {crc.CRC32, "rosUhgp5mIg=", "has 12 characters, needs 8"},
		"longest":             {crc.CRC32, strings.Repeat("A", 1000), "has 1000 characters"},
		"not base64":          {crc.CRC32, "y/Q5J!==", "is not base64"},
		"line break":          {crc.CRC32, "y/Q5Jg\r\n", "is not base64"},
		"no padding":          {crc.CRC32, "y/Q5JgAA", "is not base64"},
		"loose bits":          {crc.CRC32, "y/Q5Jh==", "is not base64"},
		"url alphabet":        {crc.CRC32, "y_Q5Jg==", "is not base64"},
		"no number":           {crc.CRC32, "y/Q5Jg==-", `"" is not a number of parts`},
		"no parts":            {crc.CRC32, "y/Q5Jg==-0", `"0" is not a number of parts`},
		"leading zero":        {crc.CRC32, "y/Q5Jg==-01", `"01" is not a number of parts`},
		"sign":                {crc.CRC32, "y/Q5Jg==-+1", `"+1" is not a number of parts`},
		"too many parts":      {crc.CRC32, "y/Q5Jg==-10001", `"10001" is not a number of parts`},
		"huge":                {crc.CRC32, "y/Q5Jg==-99999999999999999999", "is not a number of parts"},
		"twice":               {crc.CRC32, "y/Q5Jg==-1-1", `"1-1" is not a number of parts`},
		"composite CRC64":     {crc.CRC64NVME, "rosUhgp5mIg=-2", "S3 has no composite checksum of this kind"},
		"no algorithm":        {crc.None, "", "NONE is not an algorithm"},
		"unknown algorithm":   {crc.Algorithm(99), "y/Q5Jg==", "UNKNOWN is not an algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := crc.Parse(c.alg, c.text)
			require.ErrorContains(t, err, c.says)
			require.Zero(t, v)
		})
	}
	require.Panics(t, func() { crc.FromDigest(crc.SHA1, make([]byte, 5)) })
	require.Panics(t, func() { crc.FromCRC(crc.SHA1, 5) })
	require.Panics(t, func() { crc.FromDigest(crc.SHA1, make([]byte, 20)).CRC() })
}

// FuzzParse checks that what is accepted has one spelling only.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "y/Q5Jg==", "y/Q5Jg==-12", "rosUhgp5mIg=", "y/Q5\nJg==", "AAAAAA==-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range all {
			v, err := crc.Parse(a, s)
			if err != nil {
				require.Zero(t, v)
				continue
			}
			require.Equal(t, a, v.Algorithm)
			require.Equal(t, s, v.String())
			require.LessOrEqual(t, v.Parts, crc.MaxParts)
		}
	})
}
