package s3pool_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/require"
)

// pattern returns n bytes that differ by position, so that a misplaced block
// shows.
func TestWriteAtBufferSequential(t *testing.T) {
	for _, step := range []int{1, 7, 4 * kib, 32 * kib} {
		p := newPool(t)
		b := p.NewWriteAtBuffer()
		want := pattern(100*kib + 3)
		for off := 0; off < len(want); off += step {
			n, err := b.WriteAt(want[off:min(off+step, len(want))], int64(off))
			require.NoError(t, err)
			require.Equal(t, min(step, len(want)-off), n)
		}
		require.Equal(t, len(want), b.Len())
		require.True(t, bytes.Equal(want, b.Bytes()))
		b.Release()
	}
}

func TestWriteAtBufferConcurrent(t *testing.T) {
	p := newPool(t)
	want := pattern(3*mib + 17)
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		piece := 1 + rng.IntN(300*kib)
		b := p.NewWriteAtBuffer()
		var wg sync.WaitGroup
		for _, i := range rng.Perm((len(want) + piece - 1) / piece) {
			off := i * piece
			wg.Go(func() {
				_, err := b.WriteAt(want[off:min(off+piece, len(want))], int64(off))
				assertNoError(t, err)
			})
		}
		wg.Wait()
		require.True(t, bytes.Equal(want, b.Bytes()), "seed %d", seed)
		b.Release()
	}
}

func TestWriteAtBufferGrowsGeometrically(t *testing.T) {
	p := newPool(t)
	b := p.NewWriteAtBuffer()
	block := make([]byte, 32*kib)
	for off := range 256 { // 8 MiB
		_, err := b.WriteAt(block, int64(off*len(block)))
		require.NoError(t, err)
	}
	b.Release()
	var taken uint64
	for _, c := range p.Stats().Classes {
		taken += c.Acquires
	}
	require.EqualValues(t, 9, taken, "32 KiB to 8 MiB is eight doublings")
}

func TestWriteAtBufferShowsNobodyElsesBytes(t *testing.T) {
	p := newPool(t)
	secret := p.NewWriteAtBuffer()
	secret.WriteAt(bytes.Repeat([]byte("secret"), 1000), 0)
	secret.Release()

	b := p.NewWriteAtBuffer()
	defer b.Release()
	b.WriteAt([]byte("abc"), 10)
	b.WriteAt([]byte("xyz"), 20)
	want := append(make([]byte, 10), "abc\x00\x00\x00\x00\x00\x00\x00xyz"...)
	require.Equal(t, want, b.Bytes())
	require.Equal(t, want, b.Bytes())
	b.WriteAt([]byte("!"), 0)
	want[0] = '!'
	require.Equal(t, want, b.Bytes())
}

// TestWriteAtBufferScattered: many small writes with gaps between them, in any order. What
// is remembered of them is bounded, so the last costs what the first did.
func TestWriteAtBufferScattered(t *testing.T) {
	const writes, stride = 50_000, 16
	for name, at := range map[string]func(i int) int{
		"up":   func(i int) int { return i },
		"down": func(i int) int { return writes - 1 - i },
		"anywhere": func() func(i int) int {
			perm := rand.New(rand.NewPCG(1, 1)).Perm(writes)
			return func(i int) int { return perm[i] }
		}(),
	} {
		p := newPool(t)
		dirty, err := p.Acquire(t.Context(), writes*stride)
		require.NoError(t, err)
		copy(dirty.Bytes(), bytes.Repeat([]byte{0xee}, writes*stride))
		dirty.Release()

		b := p.NewWriteAtBuffer()
		want := make([]byte, (writes-1)*stride+3)
		most := 0
		for i := range writes {
			off := at(i) * stride
			copy(want[off:], "abc")
			_, err := b.WriteAt([]byte("abc"), int64(off))
			require.NoError(t, err)
			most = max(most, s3pool.Pieces(b))
		}
		require.LessOrEqual(t, most, 257, name)
		require.True(t, bytes.Equal(want, b.Bytes()), name)
		b.Release()
	}
}

func TestWriteAtBufferEmpty(t *testing.T) {
	p := newPool(t)
	b := p.NewWriteAtBuffer()
	require.Empty(t, b.Bytes())
	n, err := b.WriteAt(nil, 0)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, b.Len())
	require.Empty(t, p.Stats().Classes, "no memory before the first byte")
	b.Release()
}

func TestWriteAtBufferBadInput(t *testing.T) {
	p := newPool(t, withBudget(mib))
	b := p.NewWriteAtBuffer()
	_, err := b.WriteAt([]byte("x"), -1)
	require.EqualError(t, err, "s3pool: WriteAtBuffer: negative offset or length: 1 bytes at -1")
	_, err = b.WriteAt([]byte("x"), math.MaxInt64)
	require.EqualError(t, err, "s3pool: WriteAtBuffer: 1 bytes at 9223372036854775807 do not fit into memory")

	_, err = b.WriteAt(pattern(600*kib), 0)
	require.NoError(t, err)
	_, err = b.WriteAt([]byte("x"), 700*kib)
	require.ErrorIs(t, err, s3pool.ErrBudget, "old and new memory do not fit at the same time")
	_, err = b.WriteAt([]byte("x"), mib)
	require.ErrorIs(t, err, s3pool.ErrTooLarge)
	require.True(t, bytes.Equal(pattern(600*kib), b.Bytes()), "what was written is still there")

	b.Release()
	_, err = b.WriteAt([]byte("x"), 0)
	require.EqualError(t, err, "s3pool: write to a WriteAtBuffer that has been released")
	require.PanicsWithValue(t, "s3pool: WriteAtBuffer released twice", b.Release)
	require.PanicsWithValue(t, "s3pool: Bytes of a WriteAtBuffer that has been released", func() { b.Bytes() })
	require.Zero(t, b.Len())
}
