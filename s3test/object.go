package s3test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// An Object is one version of an object. Those that an [S3] has returned share
// their memory with it: what their fields refer to must not be written.
type Object struct {
	// Key is the object's name.
	Key string
	// Data is the content.
	Data []byte
	// ETag is the entity tag, with its quotes.
	ETag string
	// LastModified is when the object was made, in whole seconds.
	LastModified time.Time
	// VersionID is empty in a bucket that has never had versions, "null" in one whose
	// versioning is suspended.
	VersionID string
	// DeleteMarker says that this version is the deletion of the others.
	DeleteMarker bool
	// Header holds what S3 keeps of the upload's headers: Content-Type,
	// Content-Encoding, Content-Language, Content-Disposition, Cache-Control, Expires.
	Header http.Header
	// Metadata is the user's metadata, by lower-case names without x-amz-meta-.
	Metadata map[string]string
	// ChecksumAlgorithm is the algorithm of Checksum; empty means no checksum.
	ChecksumAlgorithm types.ChecksumAlgorithm
	// ChecksumType is COMPOSITE or FULL_OBJECT; empty means no checksum.
	ChecksumType types.ChecksumType
	// Checksum is the checksum as S3 writes it: base64, and for a composite one
	// with the number of parts after a hyphen.
	Checksum string
	// Parts are the parts of a multipart upload. Nil means that the object was
	// uploaded in one piece.
	Parts []Part
	// SSECustomerKeyMD5 is the base64 MD5 of the key that a request for the object
	// has to send; empty means none.
	SSECustomerKeyMD5 string
}

// A Part is a part of an object, or of a multipart upload that is going on.
type Part struct {
	// Number is the part's number. In an object parts are counted from 1 without a
	// gap, whatever their numbers were during the upload.
	Number int32
	// Size is the number of bytes.
	Size int64
	// ETag is the part's entity tag, with its quotes.
	ETag string
	// Checksum is the part's checksum in base64, by the algorithm of the object.
	// Empty means none.
	Checksum string
}

// EqualParts returns the parts of an object of size bytes in pieces of partSize,
// the last of which may be smaller, for [S3.Put]. An empty object has one part.
func EqualParts(size, partSize int64) []Part {
	if partSize <= 0 {
		panic("s3test: EqualParts needs a part size above zero")
	}
	var parts []Part
	for {
		n := min(size, partSize)
		parts = append(parts, Part{Number: int32(len(parts) + 1), Size: n})
		if size -= n; size <= 0 {
			return parts
		}
	}
}

// Put stores a copy of data as an object, without a request, and returns it. It
// makes the bucket if there is none.
//
// Before the object is stored, the optFns may set its fields. Those they leave
// empty are computed. They find ChecksumAlgorithm set to CRC64NVME (unless
// [Options.NoDefaultChecksum] is set), and may choose another, or none. To have an
// object that looks like a multipart upload they set the sizes of Parts:
//
//	fake.Put("bucket", "key", data, func(o *s3test.Object) {
//		o.Parts = s3test.EqualParts(int64(len(data)), 5<<20)
//		o.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 // composite
//	})
//
// Put panics if the sizes of the parts do not add up to that of the data.
func (s *S3) Put(bucket, key string, data []byte, optFns ...func(*Object)) Object {
	o := &Object{Key: key, Data: bytes.Clone(data), LastModified: now()}
	if !s.opts.NoDefaultChecksum {
		o.ChecksumAlgorithm = types.ChecksumAlgorithmCrc64nvme
	}
	for _, fn := range optFns {
		fn(o)
	}
	o.Header, o.Metadata, o.Parts = o.Header.Clone(), maps.Clone(o.Metadata), slices.Clone(o.Parts)
	o.seal()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ensureBucket(bucket).put(o, s.nextID())
	return *o
}

// Object returns the current version of an object.
func (s *S3) Object(bucket, key string) (Object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucket]; b != nil {
		if o := b.current(key); o != nil && !o.DeleteMarker {
			return *o, true
		}
	}
	return Object{}, false
}

// Versions returns all versions of an object, the oldest first, delete markers
// among them.
func (s *S3) Versions(bucket, key string) []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Object
	if b := s.buckets[bucket]; b != nil {
		for _, o := range b.objects[key] {
			list = append(list, *o)
		}
	}
	return list
}

// Keys returns the keys of the objects in a bucket, sorted.
func (s *S3) Keys(bucket string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucket]; b != nil {
		return b.keys()
	}
	return nil
}

// Delete removes an object with all its versions, without a request. It does
// nothing if there is no such object.
func (s *S3) Delete(bucket, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucket]; b != nil {
		b.drop(key)
	}
}

// seal fills in what follows from the data: parts, ETag and checksums.
func (o *Object) seal() {
	if o.ChecksumAlgorithm != "" && hashes[o.ChecksumAlgorithm] == nil {
		panic(fmt.Sprintf("s3test: unknown checksum algorithm %q", o.ChecksumAlgorithm))
	}
	chunks := o.chunks()
	for i := range o.Parts {
		p := &o.Parts[i]
		p.Number = int32(i + 1)
		if p.ETag == "" {
			p.ETag = etag(chunks[i])
		}
		if p.Checksum == "" && o.ChecksumAlgorithm != "" {
			p.Checksum = checksum(o.ChecksumAlgorithm, chunks[i])
		}
	}
	if o.ETag == "" {
		o.ETag = o.etag()
	}
	if o.ChecksumAlgorithm == "" {
		return
	}
	if o.ChecksumType == "" {
		o.ChecksumType = types.ChecksumTypeFullObject
		if o.Parts != nil {
			o.ChecksumType = defaultType(o.ChecksumAlgorithm)
		}
	}
	if o.Checksum == "" {
		o.Checksum = o.checksum()
	}
}

// chunks returns the data of each part.
func (o *Object) chunks() [][]byte {
	if o.Parts == nil {
		return nil
	}
	rest := o.Data
	var list [][]byte
	for _, p := range o.Parts {
		if p.Size < 0 || p.Size > int64(len(rest)) {
			panic(fmt.Sprintf("s3test: the parts of %q are larger than its %d bytes", o.Key, len(o.Data)))
		}
		list = append(list, rest[:p.Size:p.Size])
		rest = rest[p.Size:]
	}
	if len(rest) > 0 {
		panic(fmt.Sprintf("s3test: %d of the %d bytes of %q are in no part", len(rest), len(o.Data), o.Key))
	}
	return list
}

func (o *Object) etag() string {
	if o.Parts == nil {
		return etag(o.Data)
	}
	h := md5.New()
	for _, p := range o.Parts {
		sum, _ := hex.DecodeString(strings.Trim(p.ETag, `"`)) // ours, or a test's own invention
		h.Write(sum)
	}
	return fmt.Sprintf(`"%x-%d"`, h.Sum(nil), len(o.Parts))
}

func (o *Object) checksum() string {
	if o.ChecksumType != types.ChecksumTypeComposite {
		return checksum(o.ChecksumAlgorithm, o.Data)
	}
	var sums [][]byte
	for _, p := range o.Parts {
		sum, _ := base64.StdEncoding.DecodeString(p.Checksum)
		sums = append(sums, sum)
	}
	return fmt.Sprintf("%s-%d", checksum(o.ChecksumAlgorithm, sums...), len(o.Parts))
}

// part returns the offset and the size of a part, counted from 1.
func (o *Object) part(number int) (offset, size int64, ok bool) {
	if o.Parts == nil {
		return 0, int64(len(o.Data)), number == 1
	}
	if number < 1 || number > len(o.Parts) {
		return 0, 0, false
	}
	for _, p := range o.Parts[:number-1] {
		offset += p.Size
	}
	return offset, o.Parts[number-1].Size, true
}

func etag(data []byte) string { return fmt.Sprintf(`"%x"`, md5.Sum(data)) }
