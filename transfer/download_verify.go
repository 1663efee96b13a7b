package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

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
type sums struct {
	verifier *crc.Verifier // nil for none
	inOrder  *crc.Stream   // nil for none
	parts    int           // of a composite checksum whose part sizes are a guess
	result   Verification
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
	if t.set.Verify == VerifyRequired && s.verifier == nil && s.inOrder == nil {
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
	if reason != "" {
		s.result.Reason = reason
		return nil
	}
	var layout crc.Layout
	if want.Composite() {
		var err error
		if layout, err = t.layout(want.Parts); err != nil {
			if t.ctx.Err() != nil {
				return t.ctx.Err()
			}
			// An S3 that is busy now is no reason to take any bytes for right.
			if t.set.retryable(err, true) {
				return err
			}
			s.result.Reason = "the sizes of the object's parts are not known: " + err.Error()
			return nil
		}
	}
	var err error
	if want.Algorithm.Parallel() {
		s.verifier, err = crc.NewVerifier(want, layout)
	} else {
		s.inOrder, err = crc.NewStream(want, layout)
	}
	if err != nil {
		s.result.Reason = err.Error()
		return nil
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
	s := crc.Sent{
		CRC32:     aws.ToString(out.ChecksumCRC32),
		CRC32C:    aws.ToString(out.ChecksumCRC32C),
		CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
		SHA1:      aws.ToString(out.ChecksumSHA1),
		SHA256:    aws.ToString(out.ChecksumSHA256),
		SHA512:    aws.ToString(out.ChecksumSHA512),
		Type:      string(out.ChecksumType),
	}
	for _, other := range []struct {
		name string
		sum  *string
	}{
		{"MD5", out.ChecksumMD5}, {"XXHASH64", out.ChecksumXXHASH64},
		{"XXHASH3", out.ChecksumXXHASH3}, {"XXHASH128", out.ChecksumXXHASH128},
	} {
		if other.sum != nil {
			s.Other = other.name
		}
	}
	return s
}

// layout finds out how the object was uploaded: the first part tells the size of
// all, if they are equal.
func (t *transfer) layout(parts int) (crc.Layout, error) {
	if !t.known {
		return crc.Layout{}, errors.New("the object's size is not known")
	}
	first := t.rng.Len()
	if parts > 1 {
		var err error
		if first, err = t.partSize(t.ctx, 1); err != nil {
			return crc.Layout{}, err
		}
		t.sums.parts = parts
	}
	return crc.EqualParts(t.rng.Len(), first, parts)
}

// partSize asks for the size of a part of the object's upload.
func (t *transfer) partSize(ctx context.Context, n int32) (int64, error) {
	in := &s3.HeadObjectInput{
		Bucket:               t.in.Bucket,
		Key:                  t.in.Key,
		PartNumber:           &n,
		VersionId:            t.in.VersionId,
		ExpectedBucketOwner:  t.in.ExpectedBucketOwner,
		RequestPayer:         t.in.RequestPayer,
		SSECustomerAlgorithm: t.in.SSECustomerAlgorithm,
		SSECustomerKey:       t.in.SSECustomerKey,
		SSECustomerKeyMD5:    t.in.SSECustomerKeyMD5,
	}
	if t.pinned() {
		in.IfMatch = t.out.ETag
	}
	var size int64
	a := ask{set: t.set, opts: t.set.later, begun: true, event: t.event}
	err := a.do(ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
		out, err := t.set.client.api.HeadObject(ctx, in, opts...)
		switch {
		case err != nil:
			return err
		case out.ContentLength == nil:
			return errors.New("the answer told no length")
		}
		size = *out.ContentLength
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("HEAD of part %d: %w", n, err)
	}
	return size, nil
}

// verify compares, when all bytes are there and all cursors are flushed, and
// returns what to tell the caller.
func (t *transfer) verify() (Verification, error) {
	v, err := t.compare()
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

func (t *transfer) compare() (Verification, error) {
	s := &t.sums
	if s.verifier == nil && s.inOrder == nil {
		return s.result, nil
	}
	var err error
	if s.verifier != nil {
		err = s.verifier.Verify(t.rng.Len())
	} else {
		err = s.inOrder.Verify(t.rng.Len())
	}
	if err == nil {
		return s.result, nil
	}
	if s.parts > 0 {
		equal, herr := t.equalParts()
		if herr != nil {
			return Verification{}, fmt.Errorf("the bytes match no upload in equal parts, and the sizes of the parts cannot be had: %w", herr)
		}
		if !equal {
			return Verification{Reason: "the parts of the object's upload differ in size"}, nil
		}
	}
	return Verification{}, fmt.Errorf("%w: %w", ErrIntegrity, err)
}

// equalParts looks at every part of the upload, before bytes that fit no layout of
// equal ones are called wrong. It is asked only then.
func (t *transfer) equalParts() (bool, error) {
	errUnequal := errors.New("unequal")
	first, err := t.partSize(t.ctx, 1)
	if err != nil {
		return false, err
	}
	g, ctx := errgroup.WithContext(t.ctx)
	g.SetLimit(t.set.Concurrency)
	// The last part is what the others leave.
	for n := int32(2); n < int32(t.sums.parts) && ctx.Err() == nil; n++ {
		g.Go(func() error {
			size, err := t.partSize(ctx, n)
			if err == nil && size != first {
				err = errUnequal
			}
			return err
		})
	}
	err = g.Wait()
	if err == errUnequal {
		return false, nil
	}
	return err == nil, err
}
