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

func (o *objects) of(size int) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if size > len(o.content) {
		o.content = Content(MaxSize)
	}
	return o.content[:size]
}

// checksum returns the CRC64NVME of the object of that size, in base64.
func (o *objects) checksum(size int) string {
	body := o.of(size)
	o.mu.Lock()
	defer o.mu.Unlock()
	sum, ok := o.sums[size]
	if !ok {
		sum = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(body)))
		o.sums[size] = sum
	}
	return sum
}
