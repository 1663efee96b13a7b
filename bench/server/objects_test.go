package server

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"testing"

	"github.com/minio/crc64nvme"
	"github.com/stretchr/testify/require"
)

func bytesOf(s span) (b []byte) {
	s.each(func(piece []byte) error {
		b = append(b, piece...)
		return nil
	})
	return b
}

// TestObjectsBeyondMaxSizeRepeat: a larger object is the content again and again, with the
// checksum of all of it, and the server holds the content once.
func TestObjectsBeyondMaxSizeRepeat(t *testing.T) {
	content := Content(MaxSize)
	o := newObjects()
	const size = MaxSize + MaxSize/2 + 7
	whole := append(bytes.Clone(content), content[:size-MaxSize]...)
	body := o.of(size)
	require.Equal(t, size, body.len())
	require.True(t, bytes.Equal(whole, bytesOf(body)))
	require.Len(t, o.content, MaxSize)
	for _, r := range []byteRange{{0, 1}, {MaxSize - 5, MaxSize + 5}, {MaxSize, MaxSize + 1}, {MaxSize - 1, MaxSize}, {size - 9, size}, {3, 3}} {
		body.start, body.end = r.start, r.end
		require.True(t, bytes.Equal(whole[r.start:r.end], bytesOf(body)), "%v", r)
	}
	sum := binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(whole))
	require.Equal(t, base64.StdEncoding.EncodeToString(sum), o.checksum(size))
	require.True(t, bytes.Equal(content[:usual+1], bytesOf(o.of(usual+1))))
	require.Empty(t, bytesOf(o.of(0)))
}

func TestObjectSizes(t *testing.T) {
	size, ok := objectSize(objectKey(MaxSize + 1))
	require.True(t, ok)
	require.Equal(t, MaxSize+1, size)
	for _, key := range []string{"object-68719476737", "object--1", "object-", "other-1"} {
		_, ok := objectSize(key)
		require.False(t, ok, key)
	}
}
