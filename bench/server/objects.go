package server

import (
	"encoding/base64"
	"encoding/binary"
	"sync"

	"github.com/minio/crc64nvme"
)

// objects are the objects of [Content], and their checksums as S3 has them of
// objects that were uploaded without one.
type objects struct {
	mu      sync.Mutex
	content []byte
	sums    map[int]string // by size
}

// usual is what is made beforehand. Few runs ask for more.
const usual = 64 << 20

func newObjects() objects {
	return objects{content: Content(usual), sums: map[int]string{}}
}

// of returns the object of that size.
func (o *objects) of(size int) span {
	o.mu.Lock()
	defer o.mu.Unlock()
	if size > len(o.content) && len(o.content) < MaxSize {
		o.content = Content(MaxSize)
	}
	return span{o.content[:min(size, len(o.content))], 0, size}
}

// checksum returns the CRC64NVME of the object of that size, in base64.
func (o *objects) checksum(size int) string {
	body := o.of(size)
	o.mu.Lock()
	defer o.mu.Unlock()
	sum, ok := o.sums[size]
	if !ok {
		hash := crc64nvme.New()
		body.each(func(b []byte) error {
			hash.Write(b)
			return nil
		})
		sum = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, hash.Sum64()))
		o.sums[size] = sum
	}
	return sum
}

// A span is the bytes [start, end) of an object that is content again and again.
type span struct {
	content    []byte
	start, end int
}

func (s span) len() int { return s.end - s.start }

// each calls f for the pieces of the span in their order, until there is an error.
func (s span) each(f func([]byte) error) error {
	for at := s.start; at < s.end; {
		from := at % len(s.content)
		piece := s.content[from:min(len(s.content), from+s.end-at)]
		if err := f(piece); err != nil {
			return err
		}
		at += len(piece)
	}
	return nil
}
