package transfertest

import (
	"os"
	"testing"

	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/leak"
)

// Main runs a package's tests. With S3POOL_DIRECT=off in the environment every request goes
// through the SDK.
func Main(m *testing.M) {
	direct.Off = os.Getenv("S3POOL_DIRECT") == "off"
	leak.Main(m)
}
