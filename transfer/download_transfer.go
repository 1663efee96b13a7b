package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/sdk"
)

// A transfer is one download: what was asked for, what the first answer said, and
// what all requests behind it must agree with.
type transfer struct {
	set *settings
	op  string
	ctx context.Context    // of the call
	in  *s3.GetObjectInput // the caller's, not to be changed

	out     *s3.GetObjectOutput // the first answer, its body taken out
	version version
	rng     part.Range // the bytes of the object that are asked for
	total   int64      // the size of the object, part.Unknown if it is not known
	sums    sums

	known   bool        // whether rng.To is: false if the server told no length
	ordered bool        // nobody hashes ranges: a Reader does it in order
	whole   atomic.Bool // the store has answered a range with the whole object

	mu       sync.Mutex
	progress Progress
}

// begin makes the first request of a call, a plain one: it tells size, version and
// checksum, and its body is the first to be read. The stream is not nil if the
// error is; its owner closes it.
func (c *Client) begin(ctx context.Context, op string, in *s3.GetObjectInput, optFns []func(*DownloadOptions)) (*transfer, *stream, error) {
	t := &transfer{op: op, ctx: ctx, in: in}
	if in == nil {
		t.in = &s3.GetObjectInput{}
		return nil, nil, t.fail(0, invalidError{errors.New("nil GetObjectInput")})
	}
	if in.ChecksumMode != "" || op == "Open" { // which returns before it has done with it
		in := *in
		in.ChecksumMode = "" // see askForChecksum
		t.in = &in
	}
	set, err := c.forDownload(optFns)
	if err == nil {
		err = checkName(in.Bucket, in.Key)
	}
	var asked part.Spec
	if err == nil {
		asked, err = t.asks()
	}
	if err != nil {
		return nil, nil, t.fail(0, err)
	}
	t.set = set

	s := &stream{t: t, ctx: ctx}
	begun := false
	defer func() {
		if !begun { // a panic of the caller's own HTTP client included
			s.close()
		}
	}()
	if err := s.openFirst(); err != nil {
		return nil, nil, t.fail(0, err)
	}
	all, err := t.learn(asked)
	if err != nil {
		return nil, nil, t.fail(0, err)
	}
	t.version = versionOf(t.out, t.in.PartNumber != nil)
	s.off, s.end = t.rng.From, t.rng.To
	if t.known {
		s.bodyEnd = t.rng.To
	}
	if all {
		s.skip, s.bodyEnd = t.rng.From, t.total
	}
	if t.known {
		err = t.fits(t.rng.Len())
	}
	if err == nil {
		err = t.chooseSums()
	}
	if err != nil {
		return nil, nil, t.fail(0, err)
	}
	if t.sums.composite != nil && t.sums.verifier == nil && op != "Get" {
		if err := t.layoutFirst(s); err != nil {
			return nil, nil, t.fail(0, err)
		}
	}
	s.cursor = t.sums.cursor(s.off)
	t.progress.Total = -1
	if t.known {
		t.progress.Total = t.rng.Len()
	}
	begun = true
	return t, s, nil
}

const maxInt64 = 1<<63 - 1

// fits returns an error if n bytes are more than the call takes.
func (t *transfer) fits(n int64) error {
	most := t.set.MaxObjectBytes
	if most == 0 && t.op == "Get" {
		most = defaultMaxInMemory
	}
	if most > 0 && n > most {
		return fmt.Errorf("an object of %d bytes is larger than MaxObjectBytes, %d: %w", n, most, mem.ErrTooLarge)
	}
	return nil
}

// event counts an event of the transfer and passes it on.
func (t *transfer) event(e Event) {
	e.Op, e.Bucket, e.Key = t.op, aws.ToString(t.in.Bucket), aws.ToString(t.in.Key)
	t.set.note(e)
}

// parallel reports whether the transfer is worth more than one request.
func (t *transfer) parallel() bool {
	return t.known && t.version.pinned() && t.set.Concurrency > 1 && t.rng.Len() > t.set.ParallelThreshold && t.rng.Len() > t.set.PartSize
}

// stream returns a stream of the bytes of r.
func (t *transfer) stream(ctx context.Context, r part.Range) *stream {
	s := &stream{t: t, ctx: ctx, off: r.From, end: r.To}
	if !t.ordered {
		s.cursor = t.sums.cursor(r.From)
	}
	return s
}

// open requests the bytes of r, of the version that the transfer began with, after so many
// failures. It returns how many bytes of the body come before them: a store without ranges
// sends all of the object.
func (t *transfer) open(ctx context.Context, r part.Range, failures int32) (body io.ReadCloser, skip int64, err error) {
	in := *t.in
	in.Range = aws.String(r.Header())
	in.PartNumber = nil
	t.version.pin(&in.IfMatch, &in.VersionId, &in.IfUnmodifiedSince)
	out, err := t.set.client.getObject(ctx, &in, repeated(t.set.later, failures))
	if err != nil {
		switch sdk.Status(err) {
		case http.StatusPreconditionFailed, http.StatusNotFound, http.StatusRequestedRangeNotSatisfiable:
			// Replaced, deleted, or replaced by a shorter one.
			err = fmt.Errorf("%w: %w", ErrChanged, err)
		}
		return nil, 0, err
	}
	if out.Body == nil {
		return nil, 0, &answerError{fmt.Errorf("the answer to the bytes %v has no body", r)}
	}
	if skip, err = t.agrees(out, r); err != nil {
		out.Body.Close()
		return nil, 0, err
	}
	return out.Body, skip, nil
}

// fail wraps err for the caller. n is the part it is about, or 0.
func (t *transfer) fail(n int, err error) error {
	if isOurs(err, t) {
		return err
	}
	return wrapError(t.ctx, Error{of: t, Op: t.op, Bucket: aws.ToString(t.in.Bucket), Key: aws.ToString(t.in.Key), Version: aws.ToString(t.in.VersionId), Part: n, Err: err})
}

// partOf returns the number of the part that holds the byte at off, from 1. Parts end at
// multiples of PartSize of the object.
func (t *transfer) partOf(off int64) int {
	return int(off/t.set.PartSize-t.rng.From/t.set.PartSize) + 1
}

// arrived reports n more bytes, and parts that are complete.
func (t *transfer) arrived(n int64, parts int) {
	if t.set.Progress == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress.Done += n
	t.progress.Parts += parts
	t.set.Progress(t.progress)
}
