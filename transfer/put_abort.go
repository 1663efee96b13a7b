package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/sdk"
)

// abandon aborts the upload, or leaves it to the caller. No request of it is under way
// any more. It returns the error for the caller, who does not wait if his context has ended.
func (m *multipart) abandon(err error) error {
	e := m.fail(0, err).(*Error)
	if m.id == "" {
		return e
	}
	resumable := m.body.At != nil && (m.set.Checkpoint != nil || m.set.Resume != nil)
	if m.set.LeaveParts || resumable {
		e.UploadID = m.id
		return e
	}
	id, abort := m.id, m.aborting()
	waited, aerr := m.set.client.behind.call(m.ctx, func(func() bool) error { return abort(id) }, func(err error) error { return err })
	if waited && aerr != nil {
		e.UploadID = id
		if left, ok := aerr.(*Error); ok {
			aerr = left.Err
		}
		e.Err = fmt.Errorf("%w (the upload is still there: %v)", e.Err, aerr)
	}
	return e
}

// aborting returns a function that aborts the upload with a given id, under a context of its
// own. It uses nothing of the caller's, who may be gone.
//
// A part whose request broke off may still be on its way into the store, and bring the upload
// back when it arrives: S3 says that "it might be necessary to abort a given multipart upload
// multiple times" (AbortMultipartUpload in the API reference). So after such a failure it is
// said again, a moment later, until S3 knows of no upload or has been told often enough.
func (m *multipart) aborting() func(id string) error {
	in := detached(abortInput(m.in, ""))
	return func(id string) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), abortTimeout)
		defer cancel()
		in.UploadId = &id
		err := m.abort(ctx, in)
		if err == nil {
			return nil
		}
		return &Error{of: m.upload, Op: "Put", Bucket: aws.ToString(in.Bucket), Key: aws.ToString(in.Key), UploadID: id, Err: err}
	}
}

func (m *multipart) abort(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	const times, apart = 4, 100 * time.Millisecond
	// OnEvent is not called: nobody may be there any more.
	a := &ask{set: m.set, opts: m.opts, begun: true, event: func(e Event) { m.set.client.counters[e.Kind].Add(1) }}
	for i := 1; ; i++ {
		err := a.do(ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
			_, err := m.api.AbortMultipartUpload(ctx, in, opts...)
			return err
		})
		if sdk.Code(err) == "NoSuchUpload" {
			return nil
		}
		if err != nil {
			return err
		}
		if !m.broken.Load() || i == times {
			return nil
		}
		select {
		case <-time.After(apart):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// outlive returns a context that ends a while after ctx does.
func outlive(ctx context.Context, while time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(while)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}
