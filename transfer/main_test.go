package transfer_test

import (
	"testing"

	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/transfertest"
)

func TestMain(m *testing.M) { transfertest.Main(m) }

var (
	newPool       = pooltest.New
	requireIdle   = pooltest.RequireIdle
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
	pattern   = pooltest.Pattern
	get       = pooltest.Get
	plain     = pooltest.Plain
	impatient = pooltest.Impatient
)

var (
	newClient     = transfertest.NewClient
	smallParts    = transfertest.SmallParts
	flipAt        = transfertest.FlipAt
	boundarySizes = transfertest.BoundarySizes
	withFaults    = transfertest.WithFaults
	put           = transfertest.Put
	newUploadFake = transfertest.NewUploadFake
)
