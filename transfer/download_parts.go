package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/unwind"
)

// compareParts verifies a composite checksum. It asks where the parts begin and end: first
// for the size of one, since mostly they are equal, and if the bytes do not match that, of
// all.
func (t *transfer) compareParts(src io.ReaderAt) (Verification, error) {
	var err error
	if t.sums.inOrder != nil {
		if err = t.sums.inOrder.Verify(t.rng.Len()); err == nil {
			return t.sums.result, nil
		}
		switch lerr := t.unequal(); {
		case lerr == errUnequal:
			return Verification{Reason: lerr.Error()}, nil
		case lerr != nil:
			return t.unknownParts(lerr, err)
		}
		return Verification{}, fmt.Errorf("%w: %w", ErrIntegrity, err)
	}
	for _, layout := range []func(total int64, parts int) (crc.Layout, error){t.equalParts, t.allParts} {
		l, lerr := layout(t.rng.Len(), t.sums.composite.want.Parts)
		if lerr == errUnequal {
			continue
		}
		if lerr != nil {
			return t.unknownParts(lerr, err)
		}
		if err = t.sums.compareLayout(l, src); err == nil {
			return t.sums.result, nil
		}
		if !errors.Is(err, crc.ErrUnaligned) && !isMismatch(err) {
			break
		}
		if t.sums.composite.want.Parts == 1 {
			break
		}
	}
	if errors.Is(err, crc.ErrUnaligned) {
		return Verification{Reason: err.Error()}, nil
	}
	return Verification{}, fmt.Errorf("%w: %w", ErrIntegrity, err)
}

func isMismatch(err error) bool {
	_, ok := errors.AsType[*crc.Mismatch](err)
	return ok
}

// unknownParts returns what to tell the caller where the store has not told the sizes of
// the parts. mismatch is what bytes that match no upload in equal parts gave, or nil.
func (t *transfer) unknownParts(err, mismatch error) (Verification, error) {
	switch {
	case t.ctx.Err() != nil:
		return Verification{}, t.ctx.Err()
	case mismatch != nil:
		return Verification{}, fmt.Errorf("the bytes match no upload in equal parts, and the sizes of the parts cannot be had: %w", err)
	case t.set.retryable(err, true):
		// An S3 that is busy now is no reason to take any bytes for right.
		return Verification{}, err
	}
	return Verification{Reason: "the sizes of the object's parts are not known: " + err.Error()}, nil
}

// compareLayout compares with the checksum of the parts of l.
func (s *sums) compareLayout(l crc.Layout, src io.ReaderAt) error {
	if s.verifier != nil {
		return s.verifier.VerifyParts(l, src)
	}
	h, err := crc.NewStream(s.composite.want, l)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{io.NewSectionReader(src, 0, l.Total())}, make([]byte, 64<<10)); err != nil {
		return fmt.Errorf("%w: %w", crc.ErrUnaligned, err)
	}
	return h.Verify(l.Total())
}

// layoutFirst asks for the parts of a composite SHA before a stream begins. The body of the
// first request is closed for that: nobody waits for one connection while he holds another.
func (t *transfer) layoutFirst(s *stream) error {
	sums := &t.sums
	reason := "the store tells nothing by which to ask for the same version again"
	if t.version.pinned() {
		s.drop()
		l, err := t.equalParts(t.rng.Len(), sums.composite.want.Parts)
		if err == nil {
			sums.composite.layout = l
			sums.inOrder, err = crc.NewStream(sums.composite.want, l)
			return err
		}
		if err != errUnequal {
			v, err := t.unknownParts(err, nil)
			if err != nil {
				return err
			}
			reason = v.Reason
		} else {
			reason = err.Error()
		}
	}
	sums.composite, sums.result = nil, Verification{Reason: reason}
	if t.set.Verify == VerifyRequired {
		return fmt.Errorf("%w: %s", ErrUnverified, reason)
	}
	return nil
}

// unequal returns errUnequal if the parts are not those of the layout that was taken for
// theirs.
func (t *transfer) unequal() error {
	l, err := t.allParts(t.rng.Len(), t.sums.composite.want.Parts)
	for i := 0; i < l.Parts() && err == nil; i++ {
		_, n := l.Part(i)
		if _, took := t.sums.composite.layout.Part(i); n != took {
			err = errUnequal
		}
	}
	return err
}

// errUnequal says that the parts are not of equal size.
var errUnequal = errors.New("the parts differ in size")

// equalParts returns the layout of parts of the first one's size.
func (t *transfer) equalParts(total int64, parts int) (crc.Layout, error) {
	first := total
	if parts > 1 {
		var err error
		if first, err = t.partSize(t.ctx, 1); err != nil {
			return crc.Layout{}, err
		}
	}
	l, err := crc.EqualParts(total, first, parts)
	if err != nil {
		return crc.Layout{}, errUnequal
	}
	return l, nil
}

// allParts asks for the size of every part.
func (t *transfer) allParts(total int64, parts int) (crc.Layout, error) {
	sizes := make([]int64, parts)
	g, ctx := unwind.NewGroup(t.ctx, 0)
	numbers := make(chan int, parts)
	for i := range parts {
		numbers <- i
	}
	close(numbers)
	for range min(t.set.Concurrency, parts) {
		g.Go(func() (err error) {
			for i := range numbers {
				if sizes[i], err = t.partSize(ctx, int32(i+1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	unwind.Rethrow(err)
	if err != nil {
		return crc.Layout{}, err
	}
	l, err := crc.PartSizes(sizes)
	if err == nil && l.Total() != total {
		err = fmt.Errorf("the parts have %d bytes together, and the object has %d", l.Total(), total)
	}
	return l, err
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
	t.version.pin(&in.IfMatch, &in.VersionId, &in.IfUnmodifiedSince)
	var size int64
	a := ask{set: t.set, opts: t.set.later, begun: true, event: t.event}
	err := a.do(ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
		out, err := t.set.client.headObject(ctx, in, opts)
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
