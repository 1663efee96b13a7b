package transfer

import (
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/part"
)

// A Verification says what the bytes of a download were checked against.
type Verification struct {
	// Algorithm of the checksum, empty if there was no check.
	Algorithm types.ChecksumAlgorithm
	// Type is FULL_OBJECT, or COMPOSITE for a checksum of the parts' checksums.
	Type types.ChecksumType
	// Reason is why there was no check, in a sentence; empty if there was one.
	Reason string
}

// Verified reports whether the bytes were checked. A check that fails is an
// error, not a Verification.
func (v Verification) Verified() bool { return v.Algorithm != "" && v.Reason == "" }

// sums is the check of one transfer. CRCs are put together from ranges; SHAs need
// the bytes in order.
//
// Where the parts of a composite checksum begin and end is asked when all bytes are there
// and no connection is held: the first byte waits for nobody. CRCs are kept in granules
// until then. A composite SHA is computed then, where the bytes are still in memory; a
// stream of it must know the parts before it begins, see layoutFirst.
type sums struct {
	verifier  *crc.Verifier // nil for none
	inOrder   *crc.Stream   // nil for none
	composite *composite    // nil unless the checksum is of parts
	result    Verification
}

// none reports whether there is nothing to check against.
func (s *sums) none() bool { return s.verifier == nil && s.inOrder == nil && s.composite == nil }

// A composite is a checksum of parts.
type composite struct {
	want   crc.Value
	layout crc.Layout // taken for theirs by a stream of a SHA
}

// cursor returns what hashes a range that begins at off.
func (s *sums) cursor(off int64) crc.Cursor {
	if s.verifier == nil {
		return crc.Cursor{}
	}
	return s.verifier.Range(off)
}

// chooseSums decides what the transfer will be checked against.
func (t *transfer) chooseSums() error {
	s := &t.sums
	switch {
	case t.set.Verify == VerifyNever:
		s.result.Reason = "Options.Verify is VerifyNever"
	case !t.set.verify:
		s.result.Reason = "the client's ResponseChecksumValidation is WhenRequired"
	case t.in.PartNumber != nil:
		s.result.Reason = "one part of the object was asked for"
	case t.out.ContentRange != nil && !(t.rng.From == 0 && t.rng.To == t.total):
		s.result.Reason = "a range of the object was asked for"
	default:
		if err := t.chooseSum(); err != nil {
			return err
		}
	}
	if t.set.Verify == VerifyRequired && s.none() {
		return fmt.Errorf("%w: %s", ErrUnverified, s.result.Reason)
	}
	return nil
}

func (t *transfer) chooseSum() error {
	s := &t.sums
	sent := sentBy(t.out)
	want, reason := sent.Choose()
	if reason == "" && !want.Composite() && !want.Algorithm.Parallel() && sent.Type == "" && partsOf(t.out) > 0 {
		// S3 makes no SHA of a whole object that was uploaded in parts (User Guide,
		// "Checking object integrity"): some stores leave out what says so.
		reason = "the object was uploaded in parts, and its checksum does not say whether it is of all of them"
	}
	if reason == "" && want.Composite() && !t.known {
		reason = "the object's size is not known, and its checksum is of parts"
	}
	if reason != "" {
		s.result.Reason = reason
		return nil
	}
	var err error
	switch {
	case want.Algorithm.Parallel():
		s.verifier, err = crc.NewVerifier(want, t.total)
	case !want.Composite():
		s.inOrder, err = crc.NewStream(want, crc.Layout{})
	}
	if err != nil {
		s.result.Reason = err.Error()
		return nil
	}
	if want.Composite() {
		s.composite = &composite{want: want}
	}
	s.result.Algorithm = types.ChecksumAlgorithm(want.Algorithm.String())
	s.result.Type = types.ChecksumTypeFullObject
	if want.Composite() {
		s.result.Type = types.ChecksumTypeComposite
	}
	return nil
}

// partsOf returns the number of parts that an object's ETag tells, or 0.
func partsOf(out *s3.GetObjectOutput) int {
	tag, err := part.ParseETag(aws.ToString(out.ETag))
	if err != nil {
		return 0
	}
	return tag.Parts()
}

func sentBy(out *s3.GetObjectOutput) crc.Sent {
	return crc.Sent{
		CRC32:     aws.ToString(out.ChecksumCRC32),
		CRC32C:    aws.ToString(out.ChecksumCRC32C),
		CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
		SHA1:      aws.ToString(out.ChecksumSHA1),
		SHA256:    aws.ToString(out.ChecksumSHA256),
		SHA512:    aws.ToString(sumOf(out, "ChecksumSHA512")),
		Other:     foreignSum(out),
		Type:      string(out.ChecksumType),
	}
}

// verify compares, when all bytes are there, all cursors are flushed and no connection is
// held, and returns what to tell the caller. What has arrived can be read again from src,
// if it is not nil.
func (t *transfer) verify(src io.ReaderAt) (Verification, error) {
	v, err := t.compare(src)
	if err == nil && !v.Verified() && t.set.Verify == VerifyRequired {
		err = fmt.Errorf("%w: %s", ErrUnverified, v.Reason)
	}
	switch {
	case errors.Is(err, ErrIntegrity):
		t.event(Event{Kind: EventMismatch, Err: err})
	case err != nil:
	case v.Verified():
		t.event(Event{Kind: EventVerified, Verification: v})
	default:
		t.event(Event{Kind: EventUnverified, Verification: v})
	}
	return v, err
}

func (t *transfer) compare(src io.ReaderAt) (Verification, error) {
	s := &t.sums
	var err error
	switch {
	case s.none():
		return s.result, nil
	case s.composite != nil:
		return t.compareParts(src)
	case s.verifier != nil:
		err = s.verifier.Verify(t.rng.Len())
	default:
		err = s.inOrder.Verify(t.rng.Len())
	}
	if err != nil {
		return Verification{}, fmt.Errorf("%w: %w", ErrIntegrity, err)
	}
	return s.result, nil
}
