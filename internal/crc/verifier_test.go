package crc_test

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/require"
)

// An object is random data with a checksum, full or composite.
type object struct {
	data   []byte
	want   crc.Value
	layout crc.Layout
}

func randomObject(t *testing.T, rng *rand.Rand, algs []crc.Algorithm) object {
	t.Helper()
	o := object{data: randomBytes(rng, rng.IntN(2000))}
	alg := algs[rng.IntN(len(algs))]
	text := naiveFull(alg, o.data)
	if alg != crc.CRC64NVME && rng.IntN(2) == 0 {
		sizes := randomCuts(rng, len(o.data), 1+rng.IntN(8))
		if len(sizes) == 0 {
			sizes = []int64{0}
		}
		var err error
		o.layout, err = crc.PartSizes(sizes)
		require.NoError(t, err)
		text = naiveComposite(alg, o.data, sizes)
	}
	var err error
	o.want, err = crc.Parse(alg, text)
	require.NoError(t, err)
	return o
}

// write feeds p to w in random steps.
func write(rng *rand.Rand, w interface{ Write([]byte) (int, error) }, p []byte) {
	for len(p) > 0 {
		n := 1 + rng.IntN(len(p))
		w.Write(p[:n])
		p = p[n:]
	}
}

// hashRanges hashes the object in random ranges, in random order, by three
// goroutines. Ranges straddle parts as they like.
func hashRanges(rng *rand.Rand, v *crc.Verifier, data []byte) {
	sizes := randomCuts(rng, len(data), 12)
	offs := make([]int64, len(sizes))
	for i := 1; i < len(sizes); i++ {
		offs[i] = offs[i-1] + sizes[i-1]
	}
	order := rng.Perm(len(sizes))
	var wg sync.WaitGroup
	for w := range 3 {
		steps := rand.New(rand.NewPCG(rng.Uint64(), 0))
		wg.Go(func() {
			for i := w; i < len(order); i += 3 {
				off, n := offs[order[i]], sizes[order[i]]
				c := v.Range(off)
				write(steps, &c, data[off:off+n/2])
				c.Flush() // a body has broken; the next goes on
				write(steps, &c, data[off+n/2:off+n])
				c.Flush()
				c.Flush()
			}
		})
	}
	wg.Wait()
}

// verifier returns one for o.
func (o *object) verifier(t *testing.T) *crc.Verifier {
	v, err := crc.NewVerifier(o.want, int64(len(o.data)))
	require.NoError(t, err)
	return v
}

// verify asks v about o.
func (o *object) verify(v *crc.Verifier) error {
	if o.want.Composite() {
		return v.VerifyParts(o.layout, bytes.NewReader(o.data))
	}
	return v.Verify(int64(len(o.data)))
}

func TestVerifier(t *testing.T) {
	forSeeds(t, 300, func(t *testing.T, rng *rand.Rand) {
		o := randomObject(t, rng, crcs)
		v := o.verifier(t)
		hashRanges(rng, v, o.data)
		require.NoError(t, o.verify(v))
		if !o.want.Composite() {
			require.ErrorIs(t, v.Verify(int64(len(o.data))+1), crc.ErrIncomplete)
		}

		if len(o.data) == 0 {
			return
		}
		v = o.verifier(t)
		o.data[rng.IntN(len(o.data))] ^= 1 << rng.IntN(8)
		hashRanges(rng, v, o.data)
		var mismatch *crc.Mismatch
		require.ErrorAs(t, o.verify(v), &mismatch, "a bit is flipped")
		require.Equal(t, o.want, mismatch.Want)
		require.Contains(t, mismatch.Error(), o.want.String())
		require.Contains(t, mismatch.Error(), mismatch.Got.String())

		v = o.verifier(t)
		hashRanges(rng, v, o.data[:len(o.data)-1])
		require.ErrorIs(t, o.verify(v), crc.ErrIncomplete, "a byte is missing")
	})
}

func TestStream(t *testing.T) {
	forSeeds(t, 300, func(t *testing.T, rng *rand.Rand) {
		o := randomObject(t, rng, all)
		hash := func(data []byte) error {
			s, err := crc.NewStream(o.want, o.layout)
			require.NoError(t, err)
			write(rng, s, data)
			return s.Verify(int64(len(o.data)))
		}
		require.NoError(t, hash(o.data))
		require.ErrorIs(t, hash(append(o.data, 0)), crc.ErrIncomplete, "a byte too many")
		if len(o.data) == 0 {
			return
		}
		require.ErrorIs(t, hash(o.data[1:]), crc.ErrIncomplete, "a byte is missing")
		o.data[rng.IntN(len(o.data))] ^= 1 << rng.IntN(8)
		var mismatch *crc.Mismatch
		require.ErrorAs(t, hash(o.data), &mismatch, "a bit is flipped")
	})
}

// TestStreamEmptyLastPart: S3 accepts one.
func TestStreamEmptyLastPart(t *testing.T) {
	layout, err := crc.PartSizes([]int64{3, 0})
	require.NoError(t, err)
	for _, a := range []crc.Algorithm{crc.CRC32C, crc.SHA256} {
		want, err := crc.Parse(a, naiveComposite(a, []byte("abc"), []int64{3, 0}))
		require.NoError(t, err)
		s, err := crc.NewStream(want, layout)
		require.NoError(t, err)
		s.Write([]byte("abc"))
		require.NoError(t, s.Verify(3), "%v", a)
	}
}

// TestWrongLayout shows why a guessed layout needs to be confirmed before an object is
// called corrupt.
func TestWrongLayout(t *testing.T) {
	data := []byte("parts of eight, five, eight")[:21]
	want, err := crc.Parse(crc.CRC32, naiveComposite(crc.CRC32, data, []int64{8, 5, 8}))
	require.NoError(t, err)
	verify := func(l crc.Layout, err error) error {
		require.NoError(t, err)
		v, err := crc.NewVerifier(want, 21)
		require.NoError(t, err)
		c := v.Range(0)
		c.Write(data)
		c.Flush()
		return v.VerifyParts(l, bytes.NewReader(data))
	}
	var mismatch *crc.Mismatch
	require.ErrorAs(t, verify(crc.EqualParts(21, 8, 3)), &mismatch)
	require.NoError(t, verify(crc.PartSizes([]int64{8, 5, 8})))
}

func TestNewRefuses(t *testing.T) {
	sha := crc.FromDigest(crc.SHA256, make([]byte, 32))
	_, err := crc.NewVerifier(sha, 0)
	require.ErrorContains(t, err, "SHA256 takes bytes in order only")

	composite, err := crc.Parse(crc.CRC32, "AAAAAA==-3")
	require.NoError(t, err)
	two, err := crc.EqualParts(20, 10, 2)
	require.NoError(t, err)
	const says = "CRC32 checksum AAAAAA==-3 is of 3 parts, the object's layout has 2"
	v, err := crc.NewVerifier(composite, 20)
	require.NoError(t, err)
	require.EqualError(t, v.VerifyParts(two, nil), says)
	_, err = crc.NewVerifier(composite, -1)
	require.EqualError(t, err, "the object's size is not known")
	require.ErrorIs(t, v.Verify(20), crc.ErrIncomplete, "a composite one")
	full, err := crc.NewVerifier(crc.FromCRC(crc.CRC32, 0), -1)
	require.NoError(t, err)
	require.Error(t, full.VerifyParts(two, nil))
	require.Error(t, full.VerifyParts(crc.Layout{}, nil))
	_, err = crc.NewStream(composite, two)
	require.EqualError(t, err, says)
}

func TestZeroCursor(t *testing.T) {
	var c crc.Cursor
	n, err := c.Write([]byte("nothing happens"))
	require.NoError(t, err)
	require.Equal(t, 15, n)
	c.Flush()
}

// FuzzVerifier cuts an object into equal parts and into ranges, and compares
// the ranged sum, the one in order and the naive one.
func FuzzVerifier(f *testing.F) {
	f.Add([]byte("123456789"), uint8(4), uint8(3), false)
	f.Add([]byte("123456789"), uint8(3), uint8(4), true)
	f.Add([]byte{}, uint8(1), uint8(1), true)
	f.Fuzz(func(t *testing.T, data []byte, part, step uint8, castagnoli bool) {
		if part == 0 || step == 0 || len(data) > 100*int(part) {
			return
		}
		a := crc.CRC32
		if castagnoli {
			a = crc.CRC32C
		}
		var sizes []int64
		for n := len(data); n > 0 || len(sizes) == 0; n -= int(part) {
			sizes = append(sizes, int64(min(n, int(part))))
		}
		layout, err := crc.EqualParts(int64(len(data)), int64(part), len(sizes))
		require.NoError(t, err)
		want, err := crc.Parse(a, naiveComposite(a, data, sizes))
		require.NoError(t, err)
		v, err := crc.NewVerifier(want, int64(len(data)))
		require.NoError(t, err)
		s, err := crc.NewStream(want, layout)
		require.NoError(t, err)
		s.Write(data)
		for end := len(data); end > 0; end -= int(step) {
			from := max(0, end-int(step))
			c := v.Range(int64(from))
			c.Write(data[from:end])
			c.Flush()
		}
		require.NoError(t, v.VerifyParts(layout, bytes.NewReader(data)))
		require.NoError(t, s.Verify(int64(len(data))))
	})
}
