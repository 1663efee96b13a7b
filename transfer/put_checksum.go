package transfer

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/crc"
)

// A seal is what an upload is protected with.
type seal struct {
	// algorithm of the parts' checksums, and if it is a CRC of the object's. None for an
	// upload without, and where the caller's own checksum is all there is.
	algorithm crc.Algorithm

	// sum is the object's checksum as the caller gave it, or the zero Value.
	sum crc.Value

	// foreign is the algorithm of a checksum of the caller's that can only be passed on.
	foreign string

	// inOrder are given sums of the whole object that S3 does not check in a multipart
	// upload. They need the bytes in order.
	inOrder []given
}

// A given is a sum that the caller gave.
type given struct {
	field string // of PutObjectInput
	want  string // in base64
	h     io.Writer
	sum   func() string
}

// sumFields are the checksum fields of one of the SDK's types.
type sumFields [crc.SHA512 + 1]**string

// sumsOf returns those of the struct that v points to. The SDK has the same six fields in
// every type that has checksums, and adds to them: an older one lacks the newest.
func sumsOf(v any) (f sumFields) {
	s := reflect.ValueOf(v).Elem()
	for a, name := range sumNames {
		if field := s.FieldByName(name); name != "" && field.IsValid() {
			f[a], _ = field.Addr().Interface().(**string)
		}
	}
	return f
}

var sumNames = [...]string{
	crc.CRC32: "ChecksumCRC32", crc.CRC32C: "ChecksumCRC32C", crc.CRC64NVME: "ChecksumCRC64NVME",
	crc.SHA1: "ChecksumSHA1", crc.SHA256: "ChecksumSHA256", crc.SHA512: "ChecksumSHA512",
}

// set writes v to its field. The zero Value has none.
func (f sumFields) set(v crc.Value) {
	if v.Algorithm != crc.None && f[v.Algorithm] != nil {
		*f[v.Algorithm] = aws.String(v.String())
	}
}

// get returns the value of a field, empty if it is not set.
func (f sumFields) get(a crc.Algorithm) string {
	if f[a] == nil {
		return ""
	}
	return aws.ToString(*f[a])
}

// newSeal decides how an upload is protected. What the input asks for is done; an
// input that does not ask gets CRC64NVME if byDefault.
func newSeal(in *s3.PutObjectInput, byDefault bool) (seal, error) {
	var s seal
	for a, field := range sumsOf(in) {
		if field == nil || *field == nil {
			continue
		}
		a := crc.Algorithm(a)
		v, err := crc.Parse(a, **field)
		if err == nil && v.Composite() {
			err = errors.New("it must be of the whole object")
		}
		if err != nil {
			return s, fmt.Errorf("PutObjectInput.Checksum%v: %w", a, err)
		}
		if s.sum.Algorithm != crc.None {
			return s, fmt.Errorf("PutObjectInput has two checksums, %v and %v; S3 takes one", s.sum.Algorithm, a)
		}
		s.sum = v
	}
	s.foreign = foreignSum(in)
	a, known := crc.ParseAlgorithm(string(in.ChecksumAlgorithm))
	switch {
	case s.sum.Algorithm != crc.None:
		s.algorithm = s.sum.Algorithm
	case s.foreign != "":
	case in.ChecksumAlgorithm == "":
		if byDefault {
			s.algorithm = crc.CRC64NVME
		}
	case !known:
		return s, fmt.Errorf("PutObjectInput.ChecksumAlgorithm is %s, which is none of CRC64NVME, CRC32, CRC32C, SHA1, SHA256 and SHA512; give the checksum itself", in.ChecksumAlgorithm)
	default:
		s.algorithm = a
	}
	if s.sum.Algorithm != crc.None && !s.sum.Algorithm.Parallel() {
		sum := crc.NewSum(s.sum.Algorithm)
		s.inOrder = append(s.inOrder, given{fmt.Sprintf("Checksum%v", s.sum.Algorithm), s.sum.String(), sum,
			func() string { return sum.Value().String() }})
	}
	if in.ContentMD5 != nil {
		h := md5.New()
		s.inOrder = append(s.inOrder, given{"ContentMD5", *in.ContentMD5, h, func() string { return base64Sum(h) }})
	}
	return s, nil
}

func base64Sum(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

// Write passes the next bytes of the object to the sums that need them in order. It
// never fails.
func (s *seal) Write(p []byte) (int, error) {
	for _, g := range s.inOrder {
		g.h.Write(p)
	}
	return len(p), nil
}

// checkOrder compares the sums that the caller gave with the bytes.
func (s *seal) checkOrder() error {
	for _, g := range s.inOrder {
		if got := g.sum(); got != g.want {
			return fmt.Errorf("%w: the body's is %s, PutObjectInput.%s says %s", ErrIntegrity, got, g.field, g.want)
		}
	}
	return nil
}

// sealed takes the checksums of a request out of the SDK's hands. Where a request has
// one and TLS around it, its payload is not hashed again to be signed: a SHA-256 costs
// more than everything else together.
func (u *upload) sealed(o *s3.Options) {
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	if u.seal.algorithm != crc.None || u.seal.foreign != "" {
		o.APIOptions = append(o.APIOptions, addUnsignedOverTLS)
	}
}

func addUnsignedOverTLS(stack *middleware.Stack) error {
	return stack.Finalize.Insert(unsignedOverTLS{}, "ResolveEndpointV2", middleware.After)
}

type unsignedOverTLS struct{}

// OnDirectPath says that the direct path learns in a rehearsal what the middleware changes.
func (unsignedOverTLS) OnDirectPath() (instead []string, rehearses bool) { return nil, true }

// ID implements middleware.FinalizeMiddleware.
func (unsignedOverTLS) ID() string { return "s3pool:UnsignedPayload" }

// HandleFinalize implements middleware.FinalizeMiddleware.
func (unsignedOverTLS) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	if req, ok := in.Request.(*smithyhttp.Request); ok && req.IsHTTPS() && v4.GetPayloadHash(ctx) == "" && req.GetStream() != nil {
		ctx = v4.SetPayloadHash(ctx, "UNSIGNED-PAYLOAD")
	}
	return next.HandleFinalize(ctx, in)
}
