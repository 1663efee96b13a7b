package s3pool_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/leak"
	"github.com/s3pool/s3pool/internal/pooltest"
)

func TestMain(m *testing.M) { leak.Main(m) }

var (
	newPool       = pooltest.New
	withBudget    = pooltest.WithBudget
	assertNoError = pooltest.NoError
)

const (
	kib      = pooltest.KiB
	mib      = pooltest.MiB
	testPart = pooltest.Part
)

type (
	readerFunc   = pooltest.ReaderFunc
	writerAtFunc = pooltest.WriterAtFunc
)

var (
	pattern = pooltest.Pattern
	get     = pooltest.Get
)
