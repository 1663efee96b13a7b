package prefix_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/leak"
)

func TestMain(m *testing.M) {
	leak.Main(m)
}
