package s3test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/crc64nvme"
)

// checksumPrefix begins the name of every header that holds a checksum, and of
// some that do not.
const checksumPrefix = "X-Amz-Checksum-"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var hashes = map[types.ChecksumAlgorithm]func() hash.Hash{
	types.ChecksumAlgorithmCrc32:     func() hash.Hash { return crc32.NewIEEE() },
	types.ChecksumAlgorithmCrc32c:    func() hash.Hash { return crc32.New(castagnoli) },
	types.ChecksumAlgorithmCrc64nvme: func() hash.Hash { return crc64nvme.New() },
	types.ChecksumAlgorithmSha1:      sha1.New,
	types.ChecksumAlgorithmSha256:    sha256.New,
}

// checksum returns the checksum of the chunks, one after the other, as S3 writes it.
func checksum(a types.ChecksumAlgorithm, chunks ...[]byte) string {
	h := hashes[a]()
	for _, c := range chunks {
		h.Write(c)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// validChecksum reports whether value can be a checksum by a.
func validChecksum(a types.ChecksumAlgorithm, value string) bool {
	b, err := base64.StdEncoding.DecodeString(value)
	return err == nil && len(b) == hashes[a]().Size()
}

// checksumHeader returns the name of the header for a, in canonical form.
func checksumHeader(a types.ChecksumAlgorithm) string {
	return http.CanonicalHeaderKey(checksumPrefix + strings.ToLower(string(a)))
}

// algorithmOf is the inverse of checksumHeader.
func algorithmOf(header string) (types.ChecksumAlgorithm, bool) {
	name, ok := strings.CutPrefix(http.CanonicalHeaderKey(header), checksumPrefix)
	a := types.ChecksumAlgorithm(strings.ToUpper(name))
	return a, ok && hashes[a] != nil
}

// defaultType returns the type of a checksum over several parts that S3 chooses.
func defaultType(a types.ChecksumAlgorithm) types.ChecksumType {
	if a == types.ChecksumAlgorithmCrc64nvme {
		return types.ChecksumTypeFullObject
	}
	return types.ChecksumTypeComposite
}

// validType reports whether S3 offers t for a: the checksums of parts can be
// combined into the object's for CRCs only, and CRC64NVME knows nothing else.
func validType(a types.ChecksumAlgorithm, t types.ChecksumType) bool {
	switch a {
	case types.ChecksumAlgorithmCrc64nvme:
		return t == types.ChecksumTypeFullObject
	case types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256:
		return t == types.ChecksumTypeComposite
	default:
		return t == types.ChecksumTypeComposite || t == types.ChecksumTypeFullObject
	}
}

// xmlChecksums are the elements that hold a checksum.
type xmlChecksums struct {
	CRC32     string `xml:"ChecksumCRC32,omitempty"`
	CRC32C    string `xml:"ChecksumCRC32C,omitempty"`
	CRC64NVME string `xml:"ChecksumCRC64NVME,omitempty"`
	SHA1      string `xml:"ChecksumSHA1,omitempty"`
	SHA256    string `xml:"ChecksumSHA256,omitempty"`
}

// of returns where the checksum by a is, or nil.
func (x *xmlChecksums) of(a types.ChecksumAlgorithm) *string {
	switch a {
	case types.ChecksumAlgorithmCrc32:
		return &x.CRC32
	case types.ChecksumAlgorithmCrc32c:
		return &x.CRC32C
	case types.ChecksumAlgorithmCrc64nvme:
		return &x.CRC64NVME
	case types.ChecksumAlgorithmSha1:
		return &x.SHA1
	case types.ChecksumAlgorithmSha256:
		return &x.SHA256
	}
	return nil
}

func newXMLChecksums(a types.ChecksumAlgorithm, value string) xmlChecksums {
	var x xmlChecksums
	if p := x.of(a); p != nil {
		*p = value
	}
	return x
}
