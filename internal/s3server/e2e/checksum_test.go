package e2e_test

import (
	"fmt"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool"
)

const checkedSize = 2*uploadPart + 100

// A checked is a way to upload an object, and what its download is checked against.
type checked struct {
	name string
	put  func(t *testing.T, s *store, key string, data []byte)
	want func(*store) transfer.Verification
}

// checkedObjects returns the ways in which objects get their checksums.
func checkedObjects() []checked {
	var list []checked
	for _, a := range []types.ChecksumAlgorithm{
		types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc32,
		types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmSha1,
	} {
		list = append(list, checked{
			"one request, " + string(a),
			func(t *testing.T, s *store, key string, data []byte) { s.put(t, key, data, with(a)) },
			always(a, types.ChecksumTypeFullObject),
		})
	}
	for _, c := range []struct {
		a    types.ChecksumAlgorithm
		kind types.ChecksumType
	}{
		{types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32c, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32c, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmSha256, types.ChecksumTypeComposite},
	} {
		list = append(list, checked{
			"parts, " + string(c.a) + ", " + string(c.kind),
			func(t *testing.T, s *store, key string, data []byte) { s.putParts(t, key, data, c.a, c.kind) },
			always(c.a, c.kind),
		})
	}
	return append(list,
		// What a program gets that says nothing about checksums.
		checked{"the SDK's default",
			func(t *testing.T, s *store, key string, data []byte) { s.put(t, key, data, with("")) },
			always(types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject)},
		checked{"the manager's default", putWithManager,
			always(types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite)},
		checked{"one part", parts(checkedSize),
			always(types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite)},
		// Parts that differ in size, and end where a stream does not hash apart.
		checked{"a larger part", parts(uploadPart, uploadPart+1), unaligned},
		checked{"a smaller part", parts(uploadPart+1, uploadPart), unaligned},
		checked{"too many parts", parts(uploadPart+60, uploadPart), unaligned},
		checked{"none", putWithoutChecksum, func(s *store) transfer.Verification {
			if s.defaultChecksum {
				return crc64
			}
			return transfer.Verification{Reason: "the store sent no checksum"}
		}},
	)
}

func always(a types.ChecksumAlgorithm, kind types.ChecksumType) func(*store) transfer.Verification {
	return func(*store) transfer.Verification { return transfer.Verification{Algorithm: a, Type: kind} }
}

// unaligned is what is said of parts that only a call with the bytes at hand can verify.
func unaligned(*store) transfer.Verification {
	return transfer.Verification{Algorithm: types.ChecksumAlgorithmCrc32, Type: types.ChecksumTypeComposite}
}

// parts uploads with a composite CRC32.
func parts(sizes ...int) func(*testing.T, *store, string, []byte) {
	return func(t *testing.T, s *store, key string, data []byte) {
		s.putParts(t, key, data, types.ChecksumAlgorithmCrc32, types.ChecksumTypeComposite, sizes...)
	}
}

func putWithManager(t *testing.T, s *store, key string, data []byte) {
	_, err := s3pool.NewUploader(s.Client()).Upload(t.Context(), s.input(key, data))
	require.NoError(t, err)
}

func putWithoutChecksum(t *testing.T, s *store, key string, data []byte) {
	whenRequired := func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired }
	_, err := s.Client(whenRequired).PutObject(t.Context(), s.input(key, data))
	require.NoError(t, err)
}

// testChecksums downloads each object as it is, which verifies it, and with a bit
// flipped on the way, which must not get through.
func testChecksums(t *testing.T, s *store) {
	data := random(5, checkedSize)
	for i, o := range checkedObjects() {
		t.Run(o.name, func(t *testing.T) {
			key := fmt.Sprintf("checksum/%d", i)
			o.put(t, s, key, data)
			want := o.want(s)
			for i, c := range calls {
				t.Run(c.name, func(t *testing.T) {
					d, err := c.do(t.Context(), t, s.client(t), s.get(key))
					require.NoError(t, err)
					requireSame(t, data, d.data)
					if !d.verification.Verified() && want == unaligned(s) && c.name != "Get" {
						require.Contains(t, d.verification.Reason, "hashed apart")
						return
					}
					require.Equal(t, want, d.verification)
					if !want.Verified() {
						return
					}
					at := []int64{0, uploadPart - 1, uploadPart, checkedSize - 1}[i]
					client, _ := s.proxied(t, flipAt(at))
					_, err = c.do(t.Context(), t, client, s.get(key))
					require.ErrorIs(t, err, transfer.ErrIntegrity, "byte %d", at)
				})
			}
		})
	}
}
