package content

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Swept is what Sweep has removed.
type Swept struct{ Uploads, Staged int }

// Sweep removes what uploads have left that began before a time: parts of multipart uploads,
// and staged objects that nobody has verified. Several replicas may sweep at once.
func (c *Content) Sweep(ctx context.Context, before time.Time) (s Swept, err error) {
	uploads := s3.NewListMultipartUploadsPaginator(c.api, &s3.ListMultipartUploadsInput{Bucket: &c.bucket, Prefix: &c.prefix})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return s, err
		}
		for _, u := range page.Uploads {
			if !aws.ToTime(u.Initiated).Before(before) {
				continue
			}
			_, err := c.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.bucket, Key: u.Key, UploadId: u.UploadId})
			if e, ok := errors.AsType[smithy.APIError](err); ok && e.ErrorCode() == "NoSuchUpload" {
				continue // another replica was faster
			}
			if err != nil {
				return s, err
			}
			s.Uploads++
		}
	}
	err = c.list(ctx, stagingDir, before, func(keys []string) error {
		for _, key := range keys {
			if err := c.Delete(ctx, key); err != nil {
				return err
			}
			s.Staged++
		}
		return nil
	})
	return s, err
}

// Old calls f with the keys of content that was stored before a time, up to 1,000 at a time.
func (c *Content) Old(ctx context.Context, before time.Time, f func(keys []string) error) error {
	return c.list(ctx, objectsDir, before, f)
}

func (c *Content) list(ctx context.Context, dir string, before time.Time, f func(keys []string) error) error {
	pages := s3.NewListObjectsV2Paginator(c.api, &s3.ListObjectsV2Input{Bucket: &c.bucket, Prefix: aws.String(c.prefix + dir)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var keys []string
		for _, o := range page.Contents {
			if aws.ToTime(o.LastModified).Before(before) {
				keys = append(keys, aws.ToString(o.Key))
			}
		}
		if len(keys) > 0 {
			if err := f(keys); err != nil {
				return err
			}
		}
	}
	return nil
}
