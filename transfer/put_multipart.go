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

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/sdk"
	"github.com/s3pool/s3pool/internal/unwind"
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
	since    time.Time            // of the beginning

	mu       sync.Mutex
	parts    []types.CompletedPart
	token    ResumeToken
	progress Progress
}

// abortTimeout is for what must be said to S3 although the caller's context has ended: a
// request that is silent, and two more.
const abortTimeout = time.Minute

// inParts makes a multipart upload, whose parts send sends.
func (u *upload) inParts(send func(*multipart) error) (*PutOutput, error) {
	m, err := u.newMultipart(u.body.Size)
	if err != nil {
		return nil, u.fail(0, err)
	}
	ended := false
	defer func() {
		if !ended { // a callback of the caller's in this goroutine
			m.abandon(unwind.ErrGoexit)
		}
	}()
	if err = m.begin(); err == nil && m.found == nil {
		err = send(m)
	}
	out, err := m.end(err)
	ended = true
	return out, err
}

// newMultipart looks whether there can be one, before anything is sent. total is -1 for a
// stream of unknown length.
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
	return m, nil
}

// begin begins the upload, or takes one up.
func (m *multipart) begin() error {
	m.since = time.Now()
	resumed := false
	if k := m.set.Resume; k != nil {
		var err error
		if resumed, err = m.resume(k); err != nil || m.found != nil {
			return err
		}
	}
	if m.seal.algorithm.Parallel() {
		m.crcs = crc.NewRanges(m.seal.algorithm)
	}
	if !resumed {
		if err := m.create(); err != nil {
			return err
		}
	}
	m.token = ResumeToken{
		Bucket: aws.ToString(m.in.Bucket), Key: aws.ToString(m.in.Key), UploadID: m.id,
		Size: m.total, PartSize: m.partSize, Algorithm: algorithmName(m.seal.algorithm),
	}
	if err := m.checkpoint(); err != nil {
		return err
	}
	return m.ctx.Err()
}

// create begins the upload. A caller who cancels while it is under way does not cut it
// short: an upload whose id nobody has learnt would stay for ever. It goes on behind him.
func (m *multipart) create() error {
	in := detached(createInput(m.in))
	if a := m.seal.algorithm; a != crc.None {
		in.ChecksumAlgorithm = algorithmName(a)
		in.ChecksumType = types.ChecksumTypeComposite
		if a.Parallel() {
			in.ChecksumType = types.ChecksumTypeFullObject
		}
	}
	var begun *s3.CreateMultipartUploadOutput
	longer, cancel := outlive(m.ctx, abortTimeout)
	a := m.ask(0)
	a.begun, a.longer = false, longer
	abort := m.aborting()
	waited, err := m.set.client.behind.call(m.ctx, func(there func() bool) error {
		defer cancel()
		tell := a.event
		a.event = func(e Event) {
			if there() {
				tell(e)
			}
		}
		return a.do(m.ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
			out, err := m.api.CreateMultipartUpload(ctx, in, opts...)
			if err == nil && (out == nil || aws.ToString(out.UploadId) == "") {
				err = &answerError{errors.New("S3 began a multipart upload without an upload id")}
			}
			begun = out
			return err
		})
	}, func(err error) error {
		if err != nil {
			return nil // there is nothing to abort, or nobody knows what
		}
		return abort(*begun.UploadId)
	})
	switch {
	case !waited:
		return a.ended(err)
	case err != nil:
		return err
	}
	m.begun, m.id = begun, *begun.UploadId
	return nil
}

func (m *multipart) sections() error {
	plan := part.NewPlan(part.Range{To: m.total}, m.partSize)
	g, ctx := unwind.NewGroup(m.ctx, 0)
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
		w := p.Window(m.set.pool, watchOf(ctx).cancel)
		in.Body, in.ContentLength = w, &p.N
		in.ChecksumAlgorithm = algorithmName(sum.Algorithm)
		sumsOf(in).set(sum)
		out, err := m.uploadPart(ctx, in, opts)
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
	if err == nil && m.found != nil {
		return m.output(foundOutput(m.found, m.total)), nil
	}
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
	a.doubt = func(err error, before bool) error {
		_, unfit := errors.AsType[*answerError](err)
		if unfit || sdk.Code(err) == "NoSuchUpload" || before && lost(err) {
			if m.landed() {
				done = foundOutput(m.found, m.total)
				return nil
			}
		}
		return err
	}
	err := a.do(m.ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
		out, err := m.api.CompleteMultipartUpload(ctx, in, opts...)
		if err == nil && out != nil && aws.ToString(out.ETag) != "" {
			done = putOutput(m.begun, out, m.total)
			return nil
		}
		if err == nil {
			err = &answerError{errors.New("S3 completed the upload and answered without an ETag")}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return m.output(done), nil
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
