package crc_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

func TestAllocs(t *testing.T) {
	if check.Enabled {
		return // the race detector allocates
	}
	p := make([]byte, 100<<10)
	var sink uint64
	for _, a := range crcs {
		want := crc.FromCRC(a, crc.Update(a, 0, p))
		text := want.String()
		v, err := crc.NewVerifier(want, int64(len(p)))
		require.NoError(t, err)
		c := v.Range(0)
		for name, f := range map[string]func(){
			"Update":       func() { sink += crc.Update(a, 0, p) },
			"Combine":      func() { sink += crc.Combine(a, 1, 2, 123456789) },
			"Parse":        func() { _, _ = crc.Parse(a, text) },
			"Cursor.Write": func() { c.Write(p) },
			"Cursor.Flush": func() { c.Write(p[:1]); c.Flush() },
		} {
			require.Zero(t, testing.AllocsPerRun(100, f), "%v: %s", a, name)
		}
		// All that a small object in one body costs.
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
			v, _ := crc.NewVerifier(want, int64(len(p)))
			c := v.Range(0)
			c.Write(p)
			c.Flush()
			if err := v.Verify(int64(len(p))); err != nil {
				panic(err)
			}
		}), 1.0, "%v: the Verifier", a)
	}
	_ = sink
}
