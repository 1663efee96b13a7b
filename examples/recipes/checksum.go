package recipes

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/minio/crc64nvme"
)

// checksum is the CRC64NVME of data as S3 writes it.
func checksum(data []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(data)))
}
