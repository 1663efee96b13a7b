package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/sdk"
)

// A multipart is an upload in parts. It ends with complete or abandon.
type multipart struct {
	*upload
	id       string
	begun    *s3.CreateMultipartUploadOutput // nil if resumed
	partSize int64                           // of all parts, for a body of known length
	total    int64
	listed   map[int32]listedPart // of the upload that is resumed
	crcs     *crc.Ranges          // of the object, nil if its checksum cannot be put together
	sum      crc.Value            // of the object, when crcs is complete
	found    *s3.HeadObjectOutput // of the object, if it was there already
	broken   atomic.Bool          // whether a part's request has failed

	mu       sync.Mutex
	parts    []types.CompletedPart
	token    ResumeToken
	progress Progress
}

// abortTimeout is for what must be said to S3 although the caller's context has ended: a
// request that is silent, and two more.
const abortTimeout = time.Minute

// newMultipart begins an upload, or takes one up. total is -1 for a stream of unknown
// length. The multipart is not nil if there is something to abandon.
func (u *upload) newMultipart(total int64) (*multipart, error) {
	m := &multipart{upload: u, total: total}
	m.progress.Total = total
	switch {
	case u.seal.foreign != "":
		return nil, fmt.Errorf("the %s checksum cannot be checked in a multipart upload; raise MultipartThreshold for a single request", u.seal.foreign)
	case u.in.WriteOffsetBytes != nil:
		return nil, errors.New("PutObjectInput.WriteOffsetBytes appends, and a multipart upload cannot; raise MultipartThreshold for a single request")
	}
	if total >= 0 {
		var err error
		if m.partSize, err = part.UploadSize(total, u.leastPart(), u.set.MinPartSize); err != nil {
			return nil, err
		}
	}
	resumed := false
	if k := u.set.Resume; k != nil {
		var err error
		if resumed, err = m.resume(k); err != nil {
			return nil, err
		}
		if m.found != nil {
			return m, nil
		}
	}
	if m.seal.algorithm.Parallel() {
		m.crcs = crc.NewRanges(m.seal.algorithm)
	}
	if !resumed {
		if err := m.create(); err != nil {
			return nil, err
		}
	}
	m.token = ResumeToken{
		Bucket: aws.ToString(u.in.Bucket), Key: aws.ToString(u.in.Key), UploadID: m.id,
		Size: total, PartSize: m.partSize, Algorithm: algorithmName(m.seal.algorithm),
	}
	if err := m.checkpoint(); err != nil {
		return m, err
	}
	return m, u.ctx.Err()
}

// create begins the upload. A caller who cancels while it is under way does not cut it
// short: an upload whose id nobody has learnt would stay for ever.
func (m *multipart) create() error {
	in := createInput(m.in)
	if a := m.seal.algorithm; a != crc.None {
		in.ChecksumAlgorithm = algorithmName(a)
		in.ChecksumType = types.ChecksumTypeComposite
		if a.Parallel() {
			in.ChecksumType = types.ChecksumTypeFullObject
		}
	}
	ctx, cancel := outlive(m.ctx, abortTimeout)
	defer cancel()
	a := m.ask(0)
	a.begun = false
	return a.do(ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
		out, err := m.api.CreateMultipartUpload(ctx, in, opts...)
		if err == nil && (out == nil || aws.ToString(out.UploadId) == "") {
			err = errors.New("S3 began a multipart upload without an upload id")
		}
		if err == nil {
			m.begun, m.id = out, *out.UploadId
		}
		return err
	})
}

// sendSections uploads a body that can be read by several at once.
func (u *upload) sendSections() (*PutOutput, error) {
	m, err := u.newMultipart(u.body.Size)
	if m == nil {
		return nil, u.fail(0, err)
	}
	if err == nil && m.found != nil {
		return m.output(m.foundOutput()), nil
	}
	if err == nil {
		err = m.sections()
	}
	return m.end(err)
}

func (m *multipart) sections() error {
	plan := part.NewPlan(part.Range{To: m.total}, m.partSize)
	g, ctx := errgroup.WithContext(m.ctx)
	var next atomic.Int64
	for range min(int64(m.set.Concurrency), plan.Parts()) {
		g.Go(func() error {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= plan.Parts() {
					return nil
				}
				r := plan.Part(i)
				p := putbody.Payload{At: m.body.At, Base: m.body.Base + r.From, N: r.Len()}
				if err := m.send(ctx, int32(i+1), r.From, p); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	if len(m.seal.inOrder) > 0 {
		g.Go(func() error {
			whole := putbody.Payload{At: m.body.At, Base: m.body.Base, N: m.total}
			return m.fail(0, whole.WriteTo(ctx, &m.seal, m.set.pool))
		})
	}
	return g.Wait()
}

// send sends one part, unless S3 has it. p stays the caller's, and nobody touches it
// when send returns.
func (m *multipart) send(ctx context.Context, n int32, off int64, p putbody.Payload) error {
	sum, err := m.checksum(ctx, p)
	if err != nil {
		return m.fail(int(n), err)
	}
	l, there, err := m.has(ctx, n, p, sum)
	if err != nil {
		return m.fail(int(n), err)
	}
	if !there {
		if l.etag, err = m.transmit(ctx, n, p, sum); err != nil {
			return m.fail(int(n), err)
		}
	}
	if m.crcs != nil {
		m.crcs.Add(off, p.N, sum.CRC())
	}
	return m.fail(int(n), m.sent(n, l.etag, p.N, sum))
}

// transmit sends a part as often as it takes, and returns its ETag.
func (m *multipart) transmit(ctx context.Context, n int32, p putbody.Payload, sum crc.Value) (etag string, err error) {
	err = m.ask(int(n)).do(ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
		in := partInput(m.in, m.id, n)
		w := p.Window(m.set.pool)
		in.Body, in.ContentLength = w, &p.N
		in.ChecksumAlgorithm = algorithmName(sum.Algorithm)
		sumsOf(in).set(sum)
		out, err := m.api.UploadPart(ctx, in, opts...)
		if berr := w.Shut(); berr != nil {
			err = berr
		}
		if err == nil && (out == nil || aws.ToString(out.ETag) == "") {
			err = &answerError{fmt.Errorf("S3 took part %d and answered without an ETag", n)}
		}
		if err != nil {
			m.broken.Store(true)
			return err
		}
		etag = *out.ETag
		return nil
	})
	return etag, err
}

// sent notes a part that S3 has. The error is that of the caller's Checkpoint.
func (m *multipart) sent(n int32, etag string, size int64, sum crc.Value) error {
	done := types.CompletedPart{PartNumber: &n, ETag: &etag}
	sumsOf(&done).set(sum)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts = append(m.parts, done)
	m.token.Parts = append(m.token.Parts, ResumePart{Number: n, ETag: etag, Checksum: sum.String()})
	m.progress.Done += size
	m.progress.Parts++
	if m.set.Progress != nil {
		m.set.Progress(m.progress)
	}
	return m.checkpointLocked()
}

func (m *multipart) checkpoint() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.checkpointLocked()
}

// checkpointLocked passes on a token whose parts nobody writes to any more: the list
// only grows.
func (m *multipart) checkpointLocked() error {
	if m.set.Checkpoint == nil || m.body.At == nil {
		return nil
	}
	k := m.token
	k.Parts = slices.Clip(k.Parts)
	if err := m.set.Checkpoint(k); err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	return nil
}

// end completes the upload if err is nil, and otherwise gives it up.
func (m *multipart) end(err error) (*PutOutput, error) {
	if err == nil {
		err = m.seal.checkOrder()
	}
	var out *PutOutput
	if err == nil {
		out, err = m.complete()
	}
	if err != nil {
		return nil, m.abandon(err)
	}
	return out, nil
}

// complete makes an object of the parts.
func (m *multipart) complete() (*PutOutput, error) {
	slices.SortFunc(m.parts, func(a, b types.CompletedPart) int { return cmp.Compare(*a.PartNumber, *b.PartNumber) })
	in := completeInput(m.in, m.id, m.parts, m.total)
	if m.crcs != nil {
		v, ok := m.crcs.Complete(m.total)
		if !ok {
			return nil, crc.ErrIncomplete
		}
		m.sum = crc.FromCRC(m.seal.algorithm, v)
		if given := m.seal.sum; given.Algorithm != crc.None && given != m.sum {
			return nil, fmt.Errorf("%w: the body's is %v, PutObjectInput.Checksum%v says %v", ErrIntegrity, m.sum, given.Algorithm, given)
		}
		sumsOf(in).set(m.sum)
		in.ChecksumType = types.ChecksumTypeFullObject
	}
	a := m.ask(0)
	a.slow = true
	var done *s3.PutObjectOutput
	err := a.do(m.ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
		out, err := m.api.CompleteMultipartUpload(ctx, in, opts...)
		if err == nil && aws.ToString(out.ETag) != "" {
			done = putOutput(m.begun, out, m.total)
			return nil
		}
		if err == nil {
			err = &answerError{errors.New("S3 completed the upload and answered without an ETag")}
			// A 2xx that is not S3's: believe what is there, or ask again.
			if m.landed() {
				done = m.foundOutput()
				return nil
			}
		}
		// S3 may have completed it and lost the answer.
		if sdk.Code(err) == "NoSuchUpload" && m.landed() {
			done = m.foundOutput()
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return m.output(done), nil
}

// foundOutput is of an object whose upload another answer was for.
func (m *multipart) foundOutput() *s3.PutObjectOutput {
	return &s3.PutObjectOutput{
		ETag: m.found.ETag, VersionId: m.found.VersionId, Size: &m.total,
		ChecksumCRC32: m.found.ChecksumCRC32, ChecksumCRC32C: m.found.ChecksumCRC32C,
		ChecksumCRC64NVME: m.found.ChecksumCRC64NVME, ChecksumType: m.found.ChecksumType,
		BucketKeyEnabled: m.found.BucketKeyEnabled, SSEKMSKeyId: m.found.SSEKMSKeyId,
		ServerSideEncryption: m.found.ServerSideEncryption, Expiration: m.found.Expiration,
		SSECustomerAlgorithm: m.found.SSECustomerAlgorithm, SSECustomerKeyMD5: m.found.SSECustomerKeyMD5,
		RequestCharged: m.found.RequestCharged, ResultMetadata: m.found.ResultMetadata,
	}
}

func (m *multipart) output(out *s3.PutObjectOutput) *PutOutput {
	o := &PutOutput{Output: out, Written: m.total, Parts: len(m.parts), UploadID: m.id, ChecksumAlgorithm: algorithmName(m.seal.algorithm)}
	switch {
	case m.sum.Algorithm != crc.None:
		o.Checksum, o.ChecksumType = m.sum.String(), types.ChecksumTypeFullObject
	case m.seal.algorithm != crc.None:
		o.ChecksumType = types.ChecksumTypeComposite
	}
	return o
}
