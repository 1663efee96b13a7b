package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/sdk"
)

// abandon aborts the upload, or leaves it to the caller. No request of it is under way
// any more. It returns the error for the caller.
func (m *multipart) abandon(err error) error {
	e := m.fail(0, err).(*Error)
	resumable := m.body.At != nil && (m.set.Checkpoint != nil || m.set.Resume != nil)
	if m.set.LeaveParts || resumable {
		e.UploadID = m.id
		return e
	}
	if aerr := m.abort(); aerr != nil {
		e.UploadID = m.id
		e.Err = fmt.Errorf("%w (the upload is still there: %v)", e.Err, aerr)
	}
	return e
}

// abort aborts the upload, under a context of its own. A part whose request broke off may
// still be on its way into the store, and bring the upload back when it arrives: S3 says
// that "it might be necessary to abort a given multipart upload multiple times"
// (AbortMultipartUpload in the API reference). So after such a failure it is said again, a
// moment later, until S3 knows of no upload or has been told often enough.
func (m *multipart) abort() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), abortTimeout)
	defer cancel()
	const times, apart = 4, 100 * time.Millisecond
	for i := 1; ; i++ {
		err := m.ask(0).do(ctx, func(ctx context.Context, opts []func(*s3.Options)) error {
			_, err := m.api.AbortMultipartUpload(ctx, abortInput(m.in, m.id), opts...)
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
