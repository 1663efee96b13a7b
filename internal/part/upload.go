package part

import "fmt"

// What S3 accepts in a multipart upload. The largest object is as many of the
// largest parts as there may be: 48.8 TiB.
const (
	MinSize   = 5 << 20 // bytes in every part but the last
	MaxSize   = 5 << 30 // bytes in any part
	MaxParts  = 10_000
	MaxObject = MaxParts * MaxSize
)

// UploadSize returns the part size for an upload of total bytes: want, or the
// next MiB with which 10,000 parts suffice. Sizes below least, which is what the store
// accepts, or above MaxSize are moved to the nearest that it does. It fails if the object is too large for
// S3.
func UploadSize(total, want, least int64) (int64, error) {
	if total > MaxObject {
		return 0, fmt.Errorf("the body has %d bytes, S3 takes up to %d (48.8 TiB)", total, int64(MaxObject))
	}
	size := min(max(want, least), MaxSize)
	if need := (total + MaxParts - 1) / MaxParts; size < need {
		const mib = 1 << 20
		size = (need + mib - 1) / mib * mib
	}
	return size, nil
}

// StreamSize returns the size of part i, counted from 0, of an upload whose
// length is not known. It doubles every 1,000 parts, in four steps that are the
// pool's size classes if want is a power of two.
//
// A stream cannot begin with small parts and reach the largest object too. From
// 8 MiB on, 80 GB end in parts of 56 MiB and 10,000 parts are 9.9 TiB; from the
// 5 MiB that S3 asks for, 6.7 TiB. A longer stream needs a larger want.
func StreamSize(i int, want, least int64) int64 {
	const double, steps = 1000, 4
	size := min(max(want, least), MaxSize)
	i = min(max(i, 0), MaxParts-1)
	size <<= i / double
	size += size / steps * int64(i%double/(double/steps))
	return min(size, MaxSize)
}
