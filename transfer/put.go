package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/unwind"
)

// A PutOutput is what [Client.Put] returns.
type PutOutput struct {
	// Output is the SDK's answer: ETag, version. For a multipart upload it is put
	// together from the answers to its beginning and its completion.
	Output *s3.PutObjectOutput
	// Written is the number of bytes stored.
	Written int64
	// UploadID of the multipart upload that made the object; empty for one request.
	UploadID string
	// Parts of the object.
	Parts int

	// ChecksumAlgorithm of the checksum that was sent, empty if none was.
	ChecksumAlgorithm types.ChecksumAlgorithm
	// ChecksumType says what of: FULL_OBJECT, or COMPOSITE, which S3 makes of the
	// parts' checksums.
	ChecksumType types.ChecksumType
	// Checksum that was sent, in base64. Empty if it is composite; Output has what S3
	// made of it.
	Checksum string
}

// Put uploads a body of any kind, and returns when S3 has all of it or none.
//
//   - A body that is an io.ReaderAt and an io.Seeker (a file, a bytes.Reader) is sent
//     from its current position on, in sections and without a buffer. It is read more
//     than once, by several goroutines, and must not change meanwhile. Its position
//     stays as it is.
//   - Of any other body, ContentLength or a method Len() int may tell the length. It
//     must be exact: a body that ends early or goes on is an error, and no object.
//   - A stream whose length nobody knows is read into memory that grows with it. What
//     fits into Options.PartSize is one request; the rest goes into parts, which grow so
//     that 10,000 of them are enough for 9.9 TiB from the default size on.
//   - A nil body is an empty object.
//
// Larger bodies than Options.MultipartThreshold are multipart uploads. Parts that fail are
// sent again. A Put that fails aborts its upload, under a context of its own, unless
// Options.LeaveParts says otherwise; if that fails too, Error.UploadID names what is left.
// When ctx has ended, Put waits for that no longer than a tenth of a second. It goes on
// behind Put, for a minute at most, and [Client.Close] waits for it.
//
// An answer of S3's that was lost, or that is none, is no failure if the object is there and
// can be shown to be this one: by its size and checksum or the ETag of its parts, and under a
// condition by its age too.
//
// An error of the body ends the Put and is in the error returned. A Put that fails for
// another reason waits for a Read of the body under way, so that the body is the
// caller's again when it returns. A panic in the body or in a callback is a panic of Put,
// with everything released, whatever goroutine it was in; one that ends its goroutine there
// (runtime.Goexit) is an error. Whoever writes to the other end of an io.Pipe closes the
// reader's end with the error when Put has returned: otherwise the writer waits for ever.
//
// S3 gets a checksum of the whole object: CRC64NVME, or what the input asks for by
// ChecksumAlgorithm. Of a CRC, S3 checks the object's; of the SHAs, each part's. A
// checksum or ContentMD5 in the input is passed on, and for a multipart upload compared
// with the body before the object is made: [ErrIntegrity]. Over TLS the payload is then not
// signed on top, as with the SDK's own uploads there. Options.Checksum turns checksums off.
//
// Put holds memory of the pool for streams only: a body up to a part is read into a
// buffer of its length, and larger ones into at most Options.Concurrency part buffers. It
// waits under ctx for the pool's budget, and needs one part to go on. It takes a part's
// memory when the first 32 KiB of the part have come, so that a body which sends nothing
// holds none, and waits for it while nobody reads the body. A stream of
// unknown length that does not fit into 32 KiB is charged with a part until it has
// ended; declare the length to be charged with that. All of it is released when Put
// returns, with one exception: a Read of the body that has not returned a tenth of a
// second after ctx ended keeps its buffer, and its goroutine, until it does. Put does not
// close the body.
//
// Errors are *[Error].
func (c *Client) Put(ctx context.Context, in *s3.PutObjectInput, optFns ...func(*PutOptions)) (*PutOutput, error) {
	out, err := c.put(ctx, in, optFns)
	unwind.Rethrow(err)
	return out, err
}

// put is Put, with a panic of the caller's code in another goroutine as its error.
func (c *Client) put(ctx context.Context, in *s3.PutObjectInput, optFns []func(*PutOptions)) (*PutOutput, error) {
	u := &upload{ctx: ctx}
	if in == nil {
		u.in = &s3.PutObjectInput{}
		return nil, u.fail(0, invalidError{errors.New("nil PutObjectInput")})
	}
	u.in = in
	var ok bool
	if u.api, ok = c.api.(putAPI); !ok {
		return nil, u.fail(0, invalidError{errNoUploadAPI})
	}
	var err error
	if u.set, err = c.forUpload(optFns); err != nil {
		return nil, u.fail(0, err)
	}
	if err = checkName(in.Bucket, in.Key); err != nil {
		return nil, u.fail(0, err)
	}
	if u.body, err = bodyOf(in); err != nil {
		return nil, u.fail(0, err)
	}
	if u.seal, err = newSeal(in, u.set.seal); err != nil {
		return nil, u.fail(0, err)
	}
	u.opts = u.set.requestOptions([]func(*s3.Options){ownOptions, u.sealed, guarded})
	if err := ctx.Err(); err != nil {
		return nil, u.fail(0, err)
	}
	if k := u.set.Resume; k != nil {
		if u.body.At == nil {
			return nil, u.fail(0, putbody.ErrNotAgain)
		}
		if err := k.matches(u); err != nil {
			return nil, u.fail(0, err)
		}
		return u.inParts((*multipart).sections)
	}
	switch size := u.body.Size; {
	case size < 0:
		return u.putUnknown()
	case u.body.At != nil && size <= u.set.MultipartThreshold:
		return u.putOne(putbody.Payload{At: u.body.At, Base: u.body.Base, N: size})
	case u.body.At != nil:
		return u.inParts((*multipart).sections)
	case size <= u.largestBuffer():
		return u.putKnown()
	default:
		return u.putStream()
	}
}

// bodyOf finds out what can be done with the input's body.
func bodyOf(in *s3.PutObjectInput) (putbody.Body, error) {
	length := in.ContentLength
	if r, ok := in.Body.(*Reader); ok && r != nil && length == nil {
		if left := r.left(); left >= 0 {
			length = &left
		}
	}
	return putbody.New(in.Body, length)
}

// An upload is one Put.
type upload struct {
	api  putAPI
	set  *settings
	ctx  context.Context
	in   *s3.PutObjectInput // the caller's, not to be changed
	body putbody.Body
	seal seal
	opts []func(*s3.Options)
}

// fail wraps err for the caller. n is the part it is about, or 0.
func (u *upload) fail(n int, err error) error {
	if isOurs(err, u) {
		return err
	}
	return wrapError(u.ctx, Error{of: u, Op: "Put", Bucket: aws.ToString(u.in.Bucket), Key: aws.ToString(u.in.Key), Part: n, Err: err})
}

// ask returns a request about part n, or 0, of an upload that has begun.
func (u *upload) ask(n int) *ask {
	return &ask{set: u.set, opts: u.opts, begun: true, event: func(e Event) {
		e.Op, e.Bucket, e.Key, e.Part = "Put", aws.ToString(u.in.Bucket), aws.ToString(u.in.Key), n
		u.set.note(e)
	}}
}

// leastPart is the size of parts, unless there would be too many.
func (u *upload) leastPart() int64 {
	// What the budget has, but no less than what the store takes.
	return max(u.set.pool.Capped(u.set.PartSize), u.set.MinPartSize)
}

// largestBuffer is the number of bytes up to which a stream is one request.
func (u *upload) largestBuffer() int64 {
	return u.set.pool.Capped(u.set.MultipartThreshold)
}

// putOne sends everything in one request. p stays the caller's, and nobody touches it
// when putOne returns.
func (u *upload) putOne(p putbody.Payload) (*PutOutput, error) {
	in := *u.in
	sum := u.seal.sum
	if sum.Algorithm == crc.None {
		var err error
		if sum, err = u.checksum(u.ctx, p); err != nil {
			return nil, u.fail(0, err)
		}
		sumsOf(&in).set(sum)
	}
	var out *s3.PutObjectOutput
	a := u.ask(0)
	a.begun, a.alone = false, true
	from := time.Now()
	a.doubt = func(err error, before bool) error {
		_, unfit := errors.AsType[*answerError](err)
		if unfit || before && u.conditional() && lost(err) {
			if found := u.landed(p, sum, from); found != nil {
				out = found
				return nil
			}
		}
		return err
	}
	err := a.do(u.ctx, func(ctx context.Context, opts []func(*s3.Options)) (err error) {
		w := p.Window(u.set.pool, watchOf(ctx).cancel)
		in.Body, in.ContentLength = w, &p.N
		out, err = u.putObject(ctx, &in, opts)
		if err := w.Shut(); err != nil {
			return err
		}
		// A fake without HTTP below it, in somebody's test, need not know what S3 answers.
		if err == nil && watchOf(ctx).via.Load() != nil && aws.ToString(out.ETag) == "" {
			err = &answerError{errors.New("S3 took the object and answered without an ETag")}
		}
		return err
	})
	if err != nil {
		return nil, u.fail(0, err)
	}
	if u.set.Progress != nil {
		u.set.Progress(Progress{Done: p.N, Total: p.N, Parts: 1})
	}
	o := &PutOutput{Output: out, Written: p.N, Parts: 1, ChecksumAlgorithm: algorithmName(sum.Algorithm), Checksum: sum.String()}
	if sum.Algorithm != crc.None {
		o.ChecksumType = types.ChecksumTypeFullObject
	}
	return o, nil
}

// checksum returns the checksum that p is to be sent with, or the zero Value.
func (u *upload) checksum(ctx context.Context, p putbody.Payload) (crc.Value, error) {
	if u.seal.algorithm == crc.None {
		return crc.Value{}, nil
	}
	sum := crc.NewSum(u.seal.algorithm)
	if err := p.WriteTo(ctx, sum, u.set.pool); err != nil {
		return crc.Value{}, err
	}
	return sum.Value(), nil
}

func algorithmName(a crc.Algorithm) types.ChecksumAlgorithm {
	if a == crc.None {
		return ""
	}
	return types.ChecksumAlgorithm(a.String())
}
